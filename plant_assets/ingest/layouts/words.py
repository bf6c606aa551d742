"""The words that headers use, in a few languages, each in its `plain_name` form.

Belongs here: what a word means in any table. Doesn't belong here: names of a plant (`names.py`), units (`units.py`), what words mean in cells (`decode/`).
"""

import re
from collections.abc import Collection, Mapping

from plant_assets.ingest.decode.quality import FLAG_TITLES
from plant_assets.ingest.layouts.units import split_brackets
from plant_assets.profile.tag import Role


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME_WORDS = _words(
    """
    timestamp time datetime date_time date ts time_stamp t_stamp tstamp zeit zeitstempel zeitpunkt datum datum_zeit
    uhrzeit datetime_utc timestamp_utc time_utc ts_utc utc local_time localtime time_local datetime_local event_time
    eventtime sample_time sampletime record_time log_time logtime timestring time_string last_changed last_updated
    source_timestamp sourcetimestamp source_time server_timestamp servertimestamp server_time recorded_at observed_at
    measured_at created_at mtu epoch epoch_ms unix unix_time unixtime unix_timestamp time_ms timestamp_ms ts_ms
    heure date_heure horodatage horodate fecha hora fecha_hora marca_de_tiempo data_ora dataora data_hora ora
    tijd tijdstip tijdstempel czas tid tidpunkt timestamp_seconds timestamp_sec timestamp_s epoch_seconds epoch_s
    unix_seconds unixtimestamp
    """
)
CALENDAR_WORDS = tuple(
    _words(line)
    for line in (
        "year yyyy yr jahr année annee año ano anno jaar rok",
        "month mm mo monat mois mes mês mese maand miesiąc",
        "day dd dy tag jour día dia giorno dag dzień day_of_month dayofmonth",
        "hour hh hr hours stunde std heure hora ora uur godzina",
        "minute mi min minutes minuten minuto minuti",
        "second ss sec seconds sekunde seconde segundo secondi",
    )
)
"""Of columns that together are a time; the clock's may be absent."""
MILLI_WORDS = _words("ms msec msecs millis millisec millisecond milliseconds millitm")
"""Of a column that stands beside a time and goes on where it ends."""
DAY_OF_YEAR_WORDS = _words("doy day_of_year dayofyear yday julian_day julianday julian jour_julien jd jday")
"""Of a column that stands for month and day."""
ZONE_WORDS = _words("tz timezone time_zone utc_offset utcoffset gmt_offset zeitzone utc_versatz")
"""Of a column that tells each time's offset or zone; a mere `zone` may be one of the plant."""
TAG_WORDS = _words(
    """
    tag tagname tag_name tagid tag_id name point pointname point_name pointid point_id sensor sensor_name sensor_id
    sensorid variable variable_name varname var_name item itemid item_id itemname item_name messstelle messstellenname
    signal signal_name signalname kks series entity_id field metric metric_name channel channel_name kanal parameter
    parameter_name param attribute node_id nodeid browse_name fullname full_name variable_id bezeichnung kennung
    etiqueta nombre nom repère repere étiquette nome etichetta naam benämning tagindex tag_index property
    property_id propertyid property_alias propertyalias
    """
)
MAYBE_TAG_WORDS = _words("id key label source topic device device_id deviceid instrument measurement")
"""Titles of tags where nothing else is, and the column holds texts."""
VALUE_WORDS = _words(
    """
    value val wert messwert reading data vvalue numeric_value value_numeric varvalue var_value float_value floatvalue
    double_value value_double dblvalue measured_value measurement_value valor valeur valore waarde wartość värde
    """
)
PRESENT_VALUE_WORDS = VALUE_WORDS | {"pv", "cv", "f_cv", "present_value", "process_value", "current_value"}
"""What stands behind a tag's name for its value."""
STATE_WORDS = _words("state")
"""What stands for a value beside a column of tags alone."""
QUALITY_WORDS = _words(
    """
    quality qual opc_quality opcquality data_quality dataquality quality_detail qualitydetail quality_code qualitycode
    quality_flag qualityflag percent_good percentgood pct_good %good %_good good_% data_integrity dataintegrity integrity güte guete
    quality_flag qualityflag quality_status qualitystatus value_quality tag_quality opcua_quality statuscode status_code
    statuscodes opc_status opc_statuscode validity confidence confidence_level qc qc_flag qc_code qualität qualitaet
    datenqualität gültigkeit qualité qualite qualità qualita calidad qualidade kwaliteit kvalitet jakość
    """
)
MAYBE_QUALITY_WORDS = FLAG_TITLES | _words("status sts stat st q qf qs flag flags")
"""Titles of qualities where the column holds such words or codes, and of anything else where it doesn't."""
START_WORDS = _words(
    """
    start_time start begin from start_date starttime startdate beginn von start_timestamp begin_time begintime
    period_start interval_start time_from date_from from_time datum_von zeit_von startzeit anfang beginning
    début debut date_debut inicio fecha_inicio desde inizio data_inizio
    """
)
END_WORDS = _words(
    """
    end_time end stop to until end_date endtime enddate ende bis stop_time end_timestamp stoptime finish finish_time
    period_end interval_end time_to date_to to_time datum_bis zeit_bis endzeit
    fin date_fin fecha_fin hasta fine data_fine
    """
)
REASON_WORDS = _words(
    """
    reason comment description event remark remarks cause grund bemerkung text note notes
    """
)
FAULT_WORDS = _words("fault_code faultcode fault label type anomaly class mode name")
ROLE_WORDS: dict[Role, re.Pattern[str]] = {
    "pv": re.compile(r"(?<![a-z0-9])(pv|process[ _]?value|istwert|ist|measurement)(?![a-z0-9])"),
    "op": re.compile(r"(?<![a-z0-9])(op|out|output|stellwert|mv|co|cv)(?![a-z0-9])"),
    "sp": re.compile(r"(?<![a-z0-9])(sp|set[ _-]?point|sollwert|soll)(?![a-z0-9])"),
}
UNIT_WORDS = _words("unit units uom eu einheit engineering_unit engunits")
LOOP_SUFFIXES: dict[Role, re.Pattern[str]] = {
    "sp": re.compile(r"(.+?)[ _.\-/:]+(?:sp|sv|wsp|lsp|set[ _.-]?point|soll|sollwert)", re.IGNORECASE),
    "op": re.compile(r"(.+?)[ _.\-/:]+(?:op|out|output|mv|co|cv|stellwert)", re.IGNORECASE),
    "pv": re.compile(r"(.+?)[ _.\-/:]+(?:pv|process[ _.-]?value|ist|istwert|meas)", re.IGNORECASE),
}
"""Titles of the parts of control loops; the group is the loop."""

_ANY_BRACKETS = re.compile(r"\s*[\[({][^\])}]*[\])}]\s*$")
_SEPARATORS = re.compile(r"[\s.:/\\|!\-()\[\]{}]+")


def plain_name(name: str) -> str:
    """A name in lower case, without its unit, separators as underscores."""
    return _SEPARATORS.sub("_", bare_name(name)).strip("_")


def bare_name(name: str) -> str:
    """A name in lower case, without a unit in brackets; brackets that hold anything else stay."""
    return split_brackets(name.strip().casefold())[0]


def without_value_word(plain: str) -> str:
    """A plain name without the word for a value at its end or beginning: `ft101_value` and `value_ft101` are `ft101`."""
    parts = plain.split("_")
    for cut in range(1, len(parts)):
        if "_".join(parts[cut:]) in PRESENT_VALUE_WORDS:
            return "_".join(parts[:cut])
        if "_".join(parts[:cut]) in VALUE_WORDS:
            return "_".join(parts[cut:])
    return plain


def is_system_tag(text: str) -> bool:
    """Whether rows of a long table are the logger's own, such as WinCC's `$RT_OFF$`, and no tag's."""
    return len(text) > 2 and text.startswith("$") and text.endswith("$")


def plain_word(title: str) -> str:
    """A title in the form of the words above, whatever stands in brackets at its end: `Value (%)` is `value`."""
    return plain_name(_ANY_BRACKETS.sub("", title)) or plain_name(title)


def first_of(words: Mapping[int, str], known: Collection[str]) -> int | None:
    """The first column whose word is known."""
    return next((column for column, word in words.items() if word in known), None)
