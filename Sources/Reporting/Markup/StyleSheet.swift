/// How reports look: in light and in dark, on a phone, on paper.
enum StyleSheet {
    /// Up to this width, in CSS pixels, the narrow drawing of each chart is shown.
    private static let narrowUpTo = 600

    static let markup = Markup.style(
        """
        :root { \(Palette.light.properties) color-scheme: light dark; }
        @media (prefers-color-scheme: dark) { :root { \(Palette.dark.properties) } }
        \(text)\(verdict)\(figures)\(tables)\(charts)\(calendar)
        @media (min-width: \(narrowUpTo + 1)px) { .narrow { display: none; } }
        @media (max-width: \(narrowUpTo)px) {
        .wide { display: none; }
        main { padding: 8px; }
        header { padding: 8px 6px 0; }
        h1 { font-size: 1.5rem; }
        section { padding: 16px 14px; margin-top: 10px; border-radius: 8px; }
        .verdict .word { font-size: 1.7rem; }
        .tiles.three, .tiles.four { grid-template-columns: 1fr 1fr; }
        .tile { padding: 12px 14px; }
        .tile dd { font-size: 1.1875rem; }
        h3 { margin-top: 1.2em; }
        }
        \(print)
        """
    )

    private static let text = """
        * { box-sizing: border-box; }
        html { -webkit-text-size-adjust: 100%; }
        body { margin: 0; background: var(--canvas); color: var(--ink);
        font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        main { max-width: 912px; margin: 0 auto; padding: 24px 20px 40px; }
        header { padding: 0 4px; }
        .brand { margin: 0; color: var(--muted); font-size: .8125rem; font-weight: 600; letter-spacing: .09em;
        text-transform: uppercase; }
        h1 { margin: .1em 0 0; font-size: 1.875rem; line-height: 1.2; font-weight: 650; letter-spacing: -.012em; }
        .subtitle { margin: .35em 0 0; color: var(--muted); }
        h2 { margin: 0; font-size: 1.1875rem; line-height: 1.3; font-weight: 650; letter-spacing: -.005em; }
        h3 { margin: 1.5em 0 .25em; font-size: .9375rem; line-height: 1.35; font-weight: 650; }
        .lead { margin: .25em 0 .9em; color: var(--muted); max-width: 68ch; }
        section { margin-top: 16px; padding: 22px 24px; background: var(--paper); border: 1px solid var(--rule);
        border-radius: 10px; }
        code { font: .875em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        ul { margin: .4em 0 0; padding-left: 1.2em; }
        li { margin: .15em 0; }
        footer { margin: 20px 6px 0; color: var(--muted); font-size: .8125rem; }
        footer p { margin: .15em 0; }
        .note { margin: .7em 0 0; color: var(--muted); font-size: .875rem; max-width: 72ch; }

        """

    private static let verdict = """
        .verdict { border: 0; color: #ffffff; }
        .verdict p { margin: 0; }
        .verdict .word { font-size: 2rem; line-height: 1.15; font-weight: 700; letter-spacing: -.015em; }
        .verdict .sentence { margin-top: .4em; font-size: 1.0625rem; max-width: 62ch; }
        .verdict .detail { margin-top: .4em; max-width: 68ch; }
        .verdict.good { background: \(Palette.light.good); }
        .verdict.bad { background: \(Palette.light.bad); }
        .verdict.warning { background: \(Palette.light.warning); }
        .verdict.neutral { background: \(Palette.light.neutral); }

        """

    private static let figures = """
        .tiles { display: grid; gap: 0; padding: 0; overflow: hidden; }
        .tiles.three { grid-template-columns: repeat(3, 1fr); }
        .tiles.four { grid-template-columns: repeat(4, 1fr); }
        .tiles.two { grid-template-columns: repeat(2, 1fr); }
        .tiles.one { grid-template-columns: 1fr; }
        .tile { margin: 0; padding: 16px 18px; box-shadow: 0 0 0 .5px var(--rule); }
        .tile dt { color: var(--muted); font-size: .8125rem; line-height: 1.35; }
        .tile dd { margin: .1em 0 0; font-size: 1.4375rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
        .tile .aside { margin: .2em 0 0; font-size: .8125rem; font-weight: 400; letter-spacing: 0; color: var(--muted); }
        .tile.missed dd { color: var(--bad); }
        .badge { display: inline-block; padding: 0 .5em; border: 1px solid currentColor; border-radius: 1em;
        font-size: .75rem; line-height: 1.55; font-weight: 600; white-space: nowrap; }
        .good-text { color: var(--good); } .bad-text { color: var(--bad); }
        .warning-text { color: var(--warning); } .neutral-text { color: var(--neutral); }

        """

    private static let tables = """
        .scroll { overflow-x: auto; margin-top: .5em; }
        table { border-collapse: collapse; width: 100%; font-size: .875rem; line-height: 1.4; overflow-wrap: normal; }
        caption { padding: .3em 0; text-align: left; color: var(--muted); }
        th, td { padding: .42em .8em .42em 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--rule); }
        th:last-child, td:last-child { padding-right: 0; }
        thead th { color: var(--muted); font-weight: 600; white-space: nowrap; vertical-align: bottom; }
        tbody th { font-weight: 600; }
        tfoot td, tfoot th { border-bottom: 0; color: var(--muted); font-weight: 400; }
        tr:last-child td, tr:last-child th { border-bottom: 0; }
        thead tr:last-child th { border-bottom: 1px solid var(--rule); }
        .number { text-align: right; white-space: nowrap; }
        .number + :not(.number) { padding-left: 1em; }
        .fixed { white-space: nowrap; }
        .long { min-width: 15em; }

        """

    private static let charts = """
        figure { margin: .6em 0 0; }
        figcaption { margin-top: .5em; color: var(--muted); font-size: .875rem; max-width: 72ch; }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        svg.narrow { max-width: 460px; margin: 0 auto; }
        svg text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
        font-variant-numeric: tabular-nums; fill: var(--ink); }
        svg .tick { fill: var(--muted); }
        svg .strong { font-weight: 650; }
        .grid { stroke: var(--rule); stroke-width: 1; }
        .axis { stroke: var(--muted); stroke-width: 1; }
        .line { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        .line.first, .mark.first { stroke: var(--first); } .line.second, .mark.second { stroke: var(--second); }
        .line.third, .mark.third { stroke: var(--third); }
        .line.second { stroke-dasharray: 7 4; } .line.third { stroke-dasharray: 2 4; }
        .area.first { fill: var(--first); opacity: .1; } .area.second { fill: none; } .area.third { fill: none; }
        .mark { fill: var(--paper); stroke-width: 2; }
        .mark.full.first { fill: var(--first); } .mark.full.second { fill: var(--second); }
        .mark.full.third { fill: var(--third); }
        .mark.alarm { stroke: var(--bad); } .mark.caution { stroke: var(--warning); }
        .mark.neutral { stroke: var(--neutral); }
        .text-first { fill: var(--first); } .text-second { fill: var(--second); } .text-third { fill: var(--third); }
        .bar.first { fill: var(--first); } .bar.second { fill: var(--paper); stroke: var(--second); stroke-width: 1.5; }
        .bar.third { fill: var(--third); }
        .objective { stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 3 3; fill: none; }
        svg .objective-text { fill: var(--bad); }
        .guide { stroke: var(--muted); stroke-width: 1; stroke-dasharray: 1 3; fill: none; }
        svg .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }

        """

    private static let calendar = """
        .months { display: grid; grid-template-columns: repeat(auto-fill, minmax(200px, 1fr)); gap: 18px 22px;
        margin-top: .8em; }
        .month { max-width: 290px; }
        .month h3 { margin: 0 0 .3em; }
        .day { fill: none; stroke: var(--rule); stroke-width: 1; }
        .day.kept { fill: var(--first); stroke: var(--first); fill-opacity: .16; stroke-opacity: .55; }
        .day.coarse { fill-opacity: 1; stroke-opacity: 1; }
        .day.leaving { fill: none; stroke: var(--muted); stroke-dasharray: 2 2; }
        .day.gap { fill: none; stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 4 2; }
        svg .day-number { font-size: 11px; fill: var(--muted); }
        svg .day-letter { font-size: 13px; font-weight: 650; fill: var(--ink); }
        svg .on-coarse { fill: var(--paper); }
        .failed { stroke: var(--bad); stroke-width: 2; stroke-linecap: round; fill: none; }
        .keys { display: flex; flex-wrap: wrap; gap: .3em 1.3em; margin: .9em 0 0; padding: 0; list-style: none;
        font-size: .875rem; color: var(--muted); }
        .keys li { display: flex; align-items: center; gap: .45em; margin: 0; }
        .keys svg { width: 22px; height: 22px; flex: none; }

        """

    /// On paper colours are those of the light page, whatever the screen's are, and nothing is left out.
    private static let print = """
        @page { size: A4; margin: 14mm 13mm 16mm; }
        @media print {
        :root { \(Palette.light.properties) color-scheme: light; }
        * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
        body { background: none; font-size: 10.5pt; }
        main { max-width: none; padding: 0; }
        section { padding: 12px 0; border-width: 1px 0 0; border-radius: 0; break-inside: auto; }
        section.verdict { padding: 14px 16px; border-radius: 6px; }
        section.tiles { padding: 1px; border: 0; border-radius: 6px; }
        h2, h3, .lead, caption { break-after: avoid; }
        figure, svg, tr, .tiles, .verdict, .month, .keys { break-inside: avoid; }
        thead { display: table-header-group; }
        .scroll { overflow: visible; }
        table { font-size: 8.5pt; }
        th, td { padding-right: .6em; overflow-wrap: anywhere; }
        td.fixed { white-space: normal; }
        .long { min-width: 0; }
        .wide { display: block; } .narrow { display: none; }
        }
        """
}
