//! The page around the data: styles, script, libraries and their notices, in one file.
//!
//! Data goes in as JSON in which no `<` is left, so that nothing in it can end the element it is in;
//! the script shows it as text and never as markup. The page forbids itself to load anything
//! (`Content-Security-Policy`).

use super::data::Data;

const STYLE: &str = include_str!("../../assets/page.css");
const SCRIPT: [&str; 9] = [
    include_str!("../../assets/show.js"),
    include_str!("../../assets/model.js"),
    include_str!("../../assets/details.js"),
    include_str!("../../assets/boxes.js"),
    include_str!("../../assets/places.js"),
    include_str!("../../assets/graph.js"),
    include_str!("../../assets/gantt.js"),
    include_str!("../../assets/table.js"),
    include_str!("../../assets/main.js"),
];
const CYTOSCAPE: &str = include_str!("../../vendor/cytoscape-3.34.4.min.js");
const CYTOSCAPE_LICENSE: &str = include_str!("../../vendor/cytoscape.LICENSE");
const UPLOT: &str = include_str!("../../vendor/uplot-1.6.32.iife.min.js");
const UPLOT_STYLE: &str = include_str!("../../vendor/uplot-1.6.32.min.css");
const UPLOT_LICENSE: &str = include_str!("../../vendor/uplot.LICENSE");
const BODY: &str = include_str!("../../assets/body.html");

/// The whole page.
pub(super) fn page(data: &Data) -> String {
    let (columns, said) = (json(data), json(data.said()));
    let mut page = String::with_capacity(columns.len() + said.len() + (1 << 20));
    page.push_str("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.push_str(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>",
    );
    escape(&mut page, data.title());
    page.push_str(" – Terrace</title>\n<style>\n");
    page.push_str(UPLOT_STYLE);
    page.push('\n');
    page.push_str(STYLE);
    page.push_str("</style>\n</head>\n");
    page.push_str(BODY);
    page.push_str("<details class=\"notices\"><summary>Libraries in this page</summary><pre>");
    for (name, text) in
        [("Cytoscape.js 3.34.4", CYTOSCAPE_LICENSE), ("uPlot 1.6.32", UPLOT_LICENSE)]
    {
        escape(&mut page, &format!("{name}\n\n{text}\n\n"));
    }
    page.push_str("</pre></details>\n");
    page.push_str(&element("data", &columns));
    for library in [CYTOSCAPE, UPLOT] {
        page.push_str("<script>\n");
        page.push_str(library);
        page.push_str("\n</script>\n");
    }
    page.push_str("<script>\n\"use strict\";\n(() => {\n");
    for part in SCRIPT {
        page.push_str(part);
    }
    page.push_str("})();\n</script>\n");
    // Behind the script, so that the page is shown before all of this is read.
    page.push_str(&element("said", &said));
    page.push_str("</body>\n</html>\n");
    page
}

fn element(id: &str, json: &str) -> String {
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
}

/// JSON in which nothing ends an element.
fn json(data: &impl serde::Serialize) -> String {
    // Numbers, texts and lists of them are always JSON.
    let json = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
    json.replace('<', "\\u003c")
}

/// Appends text as HTML.
fn escape(page: &mut String, text: &str) {
    for one in text.chars() {
        match one {
            '&' => page.push_str("&amp;"),
            '<' => page.push_str("&lt;"),
            '>' => page.push_str("&gt;"),
            '"' => page.push_str("&quot;"),
            // A title is shown where nothing keeps its direction to itself.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' => {}
            one => page.push(one),
        }
    }
}
