"""Whatever births, data, deaths and losses come in whatever order: no alias is ever taken for a wrong metric."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from serving.live.sources.sparkplug.host import SparkplugHost
from tests.serving.live.sparkplug.edges import NODE, NOW_MS, Message, ScriptedEdge

NAMES = ("flow", "level", "load")
DEVICES = ("a", "b")
ALIASES = st.permutations(NAMES).map(lambda names: dict(enumerate(names)))
Step = tuple[str, str | None, dict[int, str] | int | None, bool]
LOST = st.sampled_from((False, False, True))


@dataclass
class LossyNetwork:
    """An edge node, a host, and a network between them that loses what a test wants.

    Attributes:
        heard: the sequence number that came last.
        missed: whether messages were lost since.
    """

    edge: ScriptedEdge = field(default_factory=ScriptedEdge)
    host: SparkplugHost = field(default_factory=SparkplugHost)
    now: float = 0.0
    heard: int = -1
    missed: bool = False

    def send(self, message: Message, *, lost: bool) -> None:
        self.now += 100.0
        topic, payload = message
        if lost or self._goes_unnoticed(message):
            self.missed = True
            return
        true = dict(self.edge.aliases.get(topic.device, {}))
        effects = self.host.receive(topic, payload, self.now, NOW_MS)
        for value, sent in zip(effects.values, payload.metrics, strict=False):
            if topic.type in ("NDATA", "DDATA"):
                assert value.name == true[sent.alias]  # pyright: ignore[reportArgumentType]
        if payload.seq is not None:
            self.heard, self.missed = payload.seq, False

    def _goes_unnoticed(self, message: Message) -> bool:
        """Whether messages were lost, and this one has the number that is expected all the same.

        A birth among them can't be noticed: the protocol's own limit.
        """
        topic, payload = message
        follows = payload.seq == (self.heard + 1) % 256
        return self.missed and follows and topic.type != "NBIRTH"


DEVICE = st.sampled_from(DEVICES)
ANY = st.none() | DEVICE
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("data"), st.none(), st.sampled_from(range(len(NAMES))), LOST),
        st.tuples(st.just("data"), ANY, st.sampled_from(range(len(NAMES))), LOST),
        st.tuples(st.just("birth"), st.none(), ALIASES, LOST),
        st.tuples(st.just("birth"), DEVICE, ALIASES, LOST),
        st.tuples(st.just("death"), ANY, st.none(), LOST),
        st.tuples(st.just("reconnect"), st.none(), st.none(), st.just(False)),
    ),
    min_size=20,
    max_size=40,
)


@settings(max_examples=150)
@given(STEPS)
def test_no_alias_is_ever_taken_for_a_wrong_metric(steps: list[Step]) -> None:
    net = LossyNetwork()
    edge = net.edge
    net.send(edge.birth(dict(enumerate(NAMES))), lost=False)
    for kind, device, what, lost in steps:
        match kind, device, what:
            case "birth", None, dict() as aliases:
                net.send(edge.birth(aliases), lost=lost)
            case "birth", str(), dict() as aliases:
                net.send(edge.device_birth(device, aliases), lost=lost)
            case "death", None, _:
                net.send(edge.death(), lost=lost)
            case "death", str(), _:
                net.send(edge.device_death(device), lost=lost)
            case "data", _, int() as alias if device in edge.aliases:
                net.send(edge.data(alias, 1.0, device), lost=lost)
            case "reconnect", _, _:
                net.now += 100.0
                assert net.host.forget([NODE], net.now).rebirths == [NODE]
