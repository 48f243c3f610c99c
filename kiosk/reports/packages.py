"""Office files as bytes that depend on what they hold and on nothing else: not on the clock of whoever wrote them."""

import io
import re
import zipfile

_DATED = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms:\2>)")
_CORE = "docProps/core.xml"
#: A zip cannot be older; the moment itself stands in the file's properties.
_OLDEST = (1980, 1, 1, 0, 0, 0)


def settled(package: bytes, moment: str) -> bytes:
    """A .xlsx or .docx whose parts carry no time of their own and whose properties say `moment` (as `clock.stamp`)."""
    at = f"{moment[:19]}+08:00".encode()
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as written:
        for part in given.infolist():
            content = given.read(part)
            if part.filename == _CORE:
                content = _DATED.sub(rb"\g<1>" + at + rb"\g<3>", content)
            written.writestr(zipfile.ZipInfo(part.filename, _OLDEST), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
