"""Collects the pages of the site from where they stand in the repository (a hook of MkDocs).

MkDocs knows one folder of documents. Here pages stand beside what they describe, and link
to each other and to files. So the site has the paths of the repository.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
FOLDERS = ("docs", "client", "registry", "server", "examples", "bench")
_LINK = re.compile(r"\]\(([^)#:\s]+)")
_WHOLE_LINK = re.compile(r"(?<!!)\[([^]]+)\]\(([^)#:\s]+)\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Return every page, and every file that a page links to, by its path in the repository."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    pages += [page for folder in FOLDERS[1:] for page in (ROOT / folder).glob("*.md")]
    linked = {target for page in pages for target in _targets(page)}
    paths = sorted({str(path.relative_to(ROOT)) for path in {*pages, *linked}})
    ours = [File.generated(config, path, abs_src_path=str(ROOT / path)) for path in paths]
    theme = [file for file in files if file.src_dir != config.docs_dir]
    return Files([*theme, *ours])


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Return the text of a page without links to folders, which a site cannot show."""
    folder = (ROOT / page.file.src_uri).parent

    def shown(link: re.Match[str]) -> str:
        return link[1] if (folder / link[2]).is_dir() else link[0]

    return _WHOLE_LINK.sub(shown, markdown)


def _targets(page: Path) -> set[Path]:
    """Return the files that a page links to."""
    links = _LINK.findall(page.read_text(encoding="utf-8"))
    found = {(page.parent / link).resolve() for link in links}
    return {path for path in found if path.is_file()}
