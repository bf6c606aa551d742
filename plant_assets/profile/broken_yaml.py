"""What is wrong with a text that is no YAML, as a person would say it."""

import re

from ruamel.yaml.error import MarkedYAMLError

_SAID = (
    (r"cannot start any token", "\\t", "a tab; expected blanks for indentation"),
    (r"mapping values are not allowed here", "", "a colon where none may stand: wrong indentation, or a text with ': ' that needs quotes"),
    (r"unexpected end of stream", "quoted", "a quote is opened here and never closed"),
    (r"expected the node content|expected ',' or|expected <block end>|did not find expected", "", ""),
)  # fmt: skip
_DUPLICATE = re.compile(r'found duplicate key "?(.+?)"? with value')


def broken(error: Exception) -> tuple[int, str]:
    """Line (from 1) and sentence of what a YAML reader raised."""
    if not isinstance(error, MarkedYAMLError):
        return 1, f"no YAML that can be read ({' '.join(str(error).split())[:120] or type(error).__name__})"
    mark = error.problem_mark or error.context_mark
    problem, context = error.problem or "", error.context or ""
    if twice := _DUPLICATE.search(problem):
        return (mark.line if mark else 0) + 1, f"{twice[1]} stands here twice; expected it once"
    for pattern, within, said in _SAID:
        if re.search(pattern, problem) and within in problem + context and said:
            if "quote" in said and error.context_mark:
                mark = error.context_mark
            return (mark.line if mark else 0) + 1, said
    since = f", {context} from line {error.context_mark.line + 1}" if context and error.context_mark else ""
    return (mark.line if mark else 0) + 1, f"no YAML: {problem or context}{since}"
