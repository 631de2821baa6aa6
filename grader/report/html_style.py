"""The style sheet of a report in a notebook: small, its own, light and dark.

Notebooks say in several ways that they are dark: JupyterLab and VS Code with an attribute or class of the body, Colab
with an attribute of the output's root, others with the reader's preference alone.
"""

from __future__ import annotations

_LIGHT = (
    "--back:#fff;--text:#1f2328;--faint:#59636e;--line:#d1d9e0;--soft:#f6f8fa;"
    "--red:#b42318;--green:#1a7f37;--cyan:#0b6e99;--yellow:#7d5600;--map:#8fc7df"
)
_DARK = (
    "--back:#16191d;--text:#e6e8eb;--faint:#a0a8b2;--line:#3a424b;--soft:#20252b;"
    "--red:#ff8a80;--green:#6fd08c;--cyan:#7cc7e8;--yellow:#e3b341;--map:#2f6f8c"
)
_ON_LIGHT_PAGES = "[theme=light] .cnn-grader,[data-jp-theme-light=true] .cnn-grader,.vscode-light .cnn-grader"
_ON_DARK_PAGES = "[theme=dark] .cnn-grader,[data-jp-theme-light=false] .cnn-grader,.vscode-dark .cnn-grader"

STYLE = f"""<style>
.cnn-grader{{{_LIGHT}}}
@media (prefers-color-scheme:dark){{.cnn-grader{{{_DARK}}}}}
{_ON_LIGHT_PAGES}{{{_LIGHT}}}
{_ON_DARK_PAGES}{{{_DARK}}}
.cnn-grader{{background:var(--back);color:var(--text);border:1px solid var(--line);border-radius:8px;
padding:12px 16px;max-width:60em;font:14px/1.45 system-ui,sans-serif;box-sizing:border-box}}
.cnn-grader section{{margin:0 0 12px}}
.cnn-grader p{{margin:2px 0}}
.cnn-grader .wide{{overflow-x:auto}}
.cnn-grader table{{border-collapse:collapse;margin:0;font-size:inherit;color:inherit;background:none;border:0}}
.cnn-grader tr,.cnn-grader td,.cnn-grader th{{background:none!important;border:0;color:inherit;text-align:left;
vertical-align:top;padding:1px 10px 1px 0;white-space:normal;overflow-wrap:anywhere}}
.cnn-grader .listed td,.cnn-grader .listed th{{padding:2px 12px 2px 0;border-bottom:1px solid var(--line);
white-space:nowrap;overflow-wrap:normal}}
.cnn-grader .listed td:nth-child(5){{white-space:normal}}
.cnn-grader td.right{{text-align:right;white-space:nowrap}}
.cnn-grader td.whole{{white-space:nowrap;overflow-wrap:normal}}
.cnn-grader .head{{font-size:16px}}
.cnn-grader .bold{{font-weight:600}}
.cnn-grader .dim{{color:var(--faint)}}
.cnn-grader .red,.cnn-grader tr.red td{{color:var(--red)}}
.cnn-grader .green{{color:var(--green)}}
.cnn-grader .cyan{{color:var(--cyan)}}
.cnn-grader .yellow{{color:var(--yellow)}}
.cnn-grader .error{{background:var(--soft);border-left:4px solid var(--red);padding:8px 12px}}
.cnn-grader details{{margin:4px 0}}
.cnn-grader summary{{cursor:pointer;color:var(--faint)}}
.cnn-grader .maps{{display:flex;flex-wrap:wrap;align-items:flex-end;gap:6px 10px;margin:4px 0}}
.cnn-grader .maps div{{text-align:center;font-size:12px}}
.cnn-grader .maps i{{display:block;margin:0 auto 2px;background:var(--map);border:1px solid var(--cyan);
box-sizing:border-box;min-width:3px;min-height:3px}}
.cnn-grader .maps i.row{{height:6px;width:40px}}
</style>"""
"""The whole sheet, as an element."""
