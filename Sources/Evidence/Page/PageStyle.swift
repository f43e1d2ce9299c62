/// How the page looks. Colours mean something: blue ran here, violet elsewhere, green is proven, amber is not, red failed; all else is ink and paper.
enum PageStyle {
    static let text: Markup = """
        :root{--paper:#fcfcfa;--card:#fff;--ink:#1b1c1e;--soft:#5d6066;--line:#e3e2dd;--faint:#f2f1ed;
        --ran:#2563ab;--ran-soft:#dce8f6;--far:#7146a8;--far-soft:#ebe2f6;--good:#23733f;--good-soft:#ddf0e2;--warn:#8a5a00;--warn-soft:#fbedcf;
        --bad:#b3261e;--bad-soft:#fbe0dd;--still:#a9a8a2;
        --c0:#c9dcf2;--c1:#cfe8d5;--c2:#f3dfc1;--c3:#e3d5f0;--c4:#f2d0d4;--c5:#dedcd5}
        @media (prefers-color-scheme:dark){:root{--paper:#141517;--card:#1b1d20;--ink:#e9e7e3;--soft:#a3a5aa;--line:#303338;--faint:#222428;
        --ran:#6fa8ea;--ran-soft:#1f3350;--far:#b797ea;--far-soft:#35264d;--good:#6cc58a;--good-soft:#1c3a27;--warn:#e0b055;--warn-soft:#3d3016;
        --bad:#f28b82;--bad-soft:#4a2320;--still:#5d6066;
        --c0:#22405f;--c1:#22492f;--c2:#54411f;--c3:#41315a;--c4:#55282f;--c5:#3a3b3d}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
        main{max-width:1168px;margin:0 auto;padding:clamp(20px,4vw,56px) clamp(16px,3vw,24px) 64px}
        h1{font-size:clamp(1.45rem,3.4vw,2.3rem);line-height:1.2;font-weight:640;letter-spacing:-.012em;margin:.15em 0 .5em;overflow-wrap:anywhere}
        h2{font-size:1.22rem;font-weight:640;letter-spacing:-.005em;margin:0 0 .6em}
        h3{font-size:1rem;font-weight:640;margin:1.6em 0 .4em}
        h4{font-size:.86rem;font-weight:560;margin:1.2em 0 .35em;color:var(--soft)}
        p{margin:.4em 0}
        a{color:var(--ran)}
        section{margin-top:clamp(40px,6vw,68px)}
        code,pre,.file,.version{font-family:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.86em}
        code,.file,.version{overflow-wrap:anywhere}
        .num,time,.when,dd{font-variant-numeric:tabular-nums}
        .aside,.over,.since,footer{color:var(--soft);font-size:.9rem}
        .over{display:flex;justify-content:space-between;gap:16px;margin:0}
        .standing{margin:0 0 1.6em}
        .pill{display:inline-block;padding:.16em .8em;border-radius:99px;font-weight:600;font-size:.92rem;margin-right:.5em}
        .pill.good,.kind.good{background:var(--good-soft);color:var(--good)}
        .pill.warn,.kind.warn{background:var(--warn-soft);color:var(--warn)}
        .pill.bad,.kind.bad{background:var(--bad-soft);color:var(--bad)}
        .kind.ran{background:var(--ran-soft);color:var(--ran)}
        .kind{padding:.1em .6em;border-radius:99px}
        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,208px),1fr));gap:18px 28px;margin:0;padding:20px 0;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
        .facts dt{color:var(--soft);font-size:.82rem}
        .facts dd{margin:0;overflow-wrap:anywhere}
        .digest{color:var(--soft);font-size:.88rem}
        .error{border-left:3px solid var(--bad)}
        .proofs,.causes,.archives,.names,.packages,.legend{list-style:none;padding:0;margin:.4em 0 1em}
        .proofs li{padding-left:1.6em;position:relative;margin:.3em 0}
        .proofs li::before{content:"✓";position:absolute;left:.15em;font-weight:700;color:var(--good)}
        .proofs li.warn::before{content:"!";left:.35em;color:var(--warn)}
        .causes li{margin:.2em 0;padding-left:1.1em;position:relative;overflow-wrap:anywhere}
        .causes li::before{content:"";position:absolute;left:0;top:.62em;width:6px;height:6px;border-radius:3px;background:var(--ran)}
        .archives{color:var(--soft);font-size:.9rem}
        .names{display:flex;flex-wrap:wrap;gap:4px 6px;font-size:.84rem}
        .names li{background:var(--faint);border-radius:5px;padding:.1em .55em;color:var(--soft)}
        .packages{columns:220px;column-gap:28px;font-size:.86rem}
        .packages li{display:flex;justify-content:space-between;gap:12px;break-inside:avoid;overflow-wrap:anywhere}
        .packages .num{color:var(--soft);white-space:nowrap}
        .legend{display:flex;flex-wrap:wrap;gap:6px 20px;font-size:.88rem;color:var(--soft)}
        .swatch{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:.5em;border:1px solid var(--still)}
        .swatch.ran{background:var(--ran);border-color:var(--ran)}.swatch.bad{background:var(--bad);border-color:var(--bad)}
        .swatch.warn{background:var(--warn);border-color:var(--warn)}.swatch.skipped{border-style:dashed}
        .swatch.far{border-color:var(--far)}.swatch.ran.far{background:var(--far)}
        .row{display:grid;grid-template-columns:minmax(0,13.5rem) minmax(0,1fr) auto;gap:0 18px;align-items:baseline;padding:7px 4px}
        .name{overflow-wrap:anywhere}
        .said{color:var(--soft);font-size:.9rem;overflow-wrap:anywhere}
        .when{color:var(--soft);font-size:.9rem;text-align:right;white-space:nowrap}
        .folds{border-top:1px solid var(--line)}
        .folds>*{border-bottom:1px solid var(--line)}
        .folds>details>summary{padding:7px 4px}
        .folds .inside>*{border-top:1px solid var(--line)}
        .folds .inside .row{padding-left:18px}
        .folds .packages{padding:4px 4px 8px 18px}
        #proof summary,#proof .row{display:grid;grid-template-columns:auto minmax(0,13.5rem) minmax(0,1fr) auto;gap:0 10px;align-items:baseline;padding:7px 4px}
        #proof summary:not(:has(.mark)){display:block}
        .cases{list-style:none;margin:0 0 10px;padding:0 4px 0 20px;font-size:.92rem}
        .cases li{display:grid;grid-template-columns:auto minmax(0,1fr) auto;gap:0 10px;padding:3px 0;overflow-wrap:anywhere}
        .cases .mark{align-self:start;margin-top:.5em}
        .mark{width:9px;height:9px;border-radius:5px;background:var(--still);align-self:center}
        .mark.good{background:var(--good)}.mark.bad{background:var(--bad)}.mark.warn{background:var(--warn)}
        summary{cursor:pointer;border-radius:6px;list-style:none}
        summary::-webkit-details-marker{display:none}
        summary:hover{background:var(--faint)}
        summary:focus-visible,.scroll:focus-visible{outline:2px solid var(--ran);outline-offset:1px}
        #proof summary:not(:has(.mark))::before,h4~details>summary::before{content:"›";display:inline-block;width:1em;color:var(--soft)}
        details[open]>summary::before{transform:rotate(90deg)}
        #why>details>summary{color:var(--soft);font-size:.9rem;padding:4px}
        pre{background:var(--faint);border-radius:8px;padding:14px 16px;margin:.6em 0 1em;font-size:12.5px;line-height:1.5;overflow:auto;max-height:26rem;white-space:pre-wrap;overflow-wrap:anywhere}
        .timeline{border-top:1px solid var(--line);border-bottom:1px solid var(--line);padding:0 0 6px;margin-bottom:1.4em}
        .axis{display:grid;grid-template-columns:minmax(0,13.5rem) minmax(0,1fr) 4.2rem;gap:0 18px;padding:8px 4px 2px;color:var(--soft);font-size:.76rem}
        .axis .track{grid-column:2;background:none;height:1.4em}
        .axis span span{position:absolute;white-space:nowrap;font-variant-numeric:tabular-nums}
        .timeline .row{grid-template-columns:minmax(0,13.5rem) minmax(0,1fr) 4.2rem;padding:4px;align-items:center}
        .track{position:relative;height:18px;background-image:linear-gradient(to right,var(--line) 1px,transparent 1px);background-size:var(--tick) 100%}
        .bar{position:absolute;top:3px;height:12px;min-width:3px;border-radius:3px;background:var(--ran)}
        .bar.bad{background:var(--bad)}.bar.warn{background:var(--warn)}.bar.phase{background:var(--still)}
        .bar.far{background:var(--far)}.name small{color:var(--far);white-space:nowrap}
        .timeline .row.step .name{color:var(--soft)}
        .inside{padding:2px 4px 6px}
        .inside dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:3px 18px;margin:.5em 0;font-size:.9rem}
        .inside dt{color:var(--soft)}.inside dd{margin:0;overflow-wrap:anywhere}
        .timeline .inside{padding-left:18px;border-left:2px solid var(--line);margin:2px 0 10px 6px}
        .moves{width:100%;border-collapse:collapse;font-size:.92rem}
        .moves td{padding:4px 14px 4px 0;border-top:1px solid var(--line);vertical-align:baseline}
        .moves .package{font-weight:560;overflow-wrap:anywhere;width:26%}
        .moves .version{width:34%}.moves .num{text-align:right;white-space:nowrap;width:9%}
        .moves .who{color:var(--soft);font-size:.88em;padding-right:0}.cause{display:block;overflow-wrap:anywhere}.cause i{font-style:normal;color:var(--ink)}
        .scroll{overflow-x:auto}
        svg{display:block;max-width:none}
        .graph{margin:0 auto;font-size:12px}
        .graph path{fill:none;stroke:var(--line);stroke-width:1.3}
        .graph path.hot{stroke:var(--ran);stroke-width:1.6;opacity:.75}
        .graph rect{fill:var(--card);stroke:var(--still)}
        .graph text{fill:var(--soft)}.graph .over{font-size:9.5px}
        .graph .ran rect{fill:var(--ran-soft);stroke:var(--ran)}.graph .far rect{stroke:var(--far)}.graph .ran.far rect{fill:var(--far-soft)}.graph .bad rect{fill:var(--bad-soft);stroke:var(--bad)}
        .graph .warn rect{fill:var(--warn-soft);stroke:var(--warn)}.graph .skipped rect{stroke-dasharray:4 3}
        .graph .ran text,.graph .bad text,.graph .warn text{fill:var(--ink)}
        .map{width:100%;height:auto;margin-bottom:18px}
        .map text{fill:var(--ink);pointer-events:none}.map .head,.map .strong{font-weight:640}
        .map .group{fill:var(--hue);opacity:.45}.map .set{fill:var(--hue)}.map .leaf{fill:var(--card);opacity:.5}
        .map .leaf:hover,.map .set:hover{opacity:.85}
        .c0{--hue:var(--c0)}.c1{--hue:var(--c1)}.c2{--hue:var(--c2)}.c3{--hue:var(--c3)}.c4{--hue:var(--c4)}.c5{--hue:var(--c5)}
        .narrow{display:none}
        footer{margin-top:64px;padding-top:18px;border-top:1px solid var(--line)}
        @media (max-width:700px){
        .wide{display:none}.narrow{display:block}
        .row,#proof .row,#proof summary:has(.mark){grid-template-columns:minmax(0,1fr) auto}
        #proof .row,#proof summary:has(.mark){grid-template-columns:auto minmax(0,1fr) auto}
        .said{grid-column:1/-1;grid-row:2}#proof .said{grid-column:2/-1}
        .timeline .row{grid-template-columns:minmax(0,1fr) auto}.timeline .track{grid-column:1/-1;grid-row:2}
        .axis{grid-template-columns:minmax(0,1fr)}.axis .track{grid-column:1}
        .facts{grid-template-columns:repeat(2,minmax(0,1fr));gap:14px 18px}
        .moves,.moves tbody{display:block}.moves tr{display:grid;grid-template-columns:minmax(0,1fr) auto;border-top:1px solid var(--line);padding:5px 0}
        .moves td{border:0;padding:0;width:auto!important}.moves .version,.moves .who{grid-column:1/-1}.moves .num{grid-row:1;grid-column:2}
        }
        @media print{pre{max-height:none}body{background:#fff}}
        """
}
