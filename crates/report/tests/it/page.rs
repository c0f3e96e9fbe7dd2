//! A page shows what the record has as text, and always in the same bytes.

use terrace_report::Record;

/// Texts that would like to be more than text.
const HOSTILE: [&str; 5] = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "<img src=x onerror=\"alert(1)\">",
    "\"'`\\ \u{2028}\u{2029}\u{0}",
    "\u{202e}gnp.exe",
];

/// A record in which `text` stands wherever text of a run may.
fn record(text: &str) -> String {
    let text = serde_json::Value::from(text);
    format!(
        r#"{{"terrace_record":1,"run":{text},"workflow":{text},"file":{text},"started":{text},"order":{text},"terrace":{text},"levels":2,"own":2,"limits":[{{"name":{text},"most":1}}],"nodes":[{{"name":{text},"label":{text},"task":{text},"pack":{text},"kind":{text},"cost":{text},"needs":[[{text},1]]}},{{"name":"b","task":"t","level":1,"inputs":[[{text},0]]}}]}}
{{"k":"start","at":1,"node":0,"worker":0}}
{{"k":"given","at":1,"node":0,"inputs":[[{text},{text}]]}}
{{"k":"log","at":2,"node":0,"level":{text},"message":{text}}}
{{"k":"gave","at":2,"node":0,"value":{text}}}
{{"k":"start","at":2,"path":{text},"task":{text},"worker":0}}
{{"k":"end","at":2,"path":{text},"task":{text},"ran":1,"status":"failed","error":{{"class":{text},"code":{text},"message":{text},"causes":[{text}],"location":{text}}}}}
{{"k":"end","at":3,"node":0,"ran":1}}
{{"k":"pause","at":3,"nodes":[0]}}
{{"k":"pass","at":3,"refused":{text}}}
{{"k":"finish","at":4}}
{{"k":"limit","name":{text},"used":1,"starts":1}}
{{"k":"budget","of":{text},"most":1,"spent":1}}
{{"k":"leftover","task":{text},"count":1}}
{{"k":"output","name":{text},"value":{text}}}
{{"k":"result","status":{text},"duration":9,"error":{text}}}
"#
    )
}

fn page(record: &str) -> String {
    Record::read(record.as_bytes()).unwrap().to_html()
}

/// The elements of a page, without what is in scripts, styles and comments.
fn tags(page: &str) -> Vec<String> {
    let mut tags = Vec::new();
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..=end];
        rest = &rest[end..];
        tags.push(tag.to_owned());
        for name in ["script", "style"] {
            if tag.starts_with(&format!("<{name}")) {
                rest = &rest[rest.find(&format!("</{name}")).unwrap()..];
            }
        }
    }
    tags
}

#[test]
fn text_of_a_run_adds_no_element_to_the_page() {
    let plain = page(&record("plain"));
    let expected = tags(&plain);
    assert_eq!(expected.iter().filter(|tag| tag.starts_with("<script")).count(), 5);
    for text in HOSTILE {
        let page = page(&record(text));
        assert_eq!(tags(&page), expected, "{text:?}");
        // The data is read as the text that it was.
        let (data, said) = (part(&page, "data"), part(&page, "said"));
        assert_eq!(data["nodes"]["name"][0], text);
        assert_eq!(said["given"][0][1][0][1], text);
        assert_eq!(said["gave"][0][1], text);
        assert_eq!(data["rows"]["path"][0], text);
    }
}

#[test]
fn the_same_record_gives_the_same_page() {
    for text in ["plain", HOSTILE[0]] {
        let record = record(text);
        assert_eq!(page(&record), page(&record));
    }
    let many = layers(2_000, 40);
    assert_eq!(page(&many), page(&many));
}

/// A record of a graph with levels of `wide` nodes, each of which takes of two of the level before.
fn layers(count: usize, wide: usize) -> String {
    let nodes: Vec<String> = (0..count)
        .map(|node| {
            let level = node / wide;
            let from = |by: usize| (level.max(1) - 1) * wide + (node * by + 3) % wide;
            let inputs = match level {
                0 => String::new(),
                _ => format!(r#"["a",{}],["b",{}]"#, from(7), from(11)),
            };
            format!(r#"{{"name":"n{node}","task":"t","level":{level},"inputs":[{inputs}]}}"#)
        })
        .collect();
    let mut text = format!(
        "{{\"terrace_record\":1,\"own\":{count},\"levels\":{},\"nodes\":[{}]}}\n",
        count.div_ceil(wide),
        nodes.join(",")
    );
    for node in 0..count {
        let (start, end) = (node * 10, node * 10 + 9);
        text += &format!("{{\"k\":\"start\",\"at\":{start},\"node\":{node},\"worker\":0}}\n");
        text += &format!("{{\"k\":\"end\",\"at\":{end},\"node\":{node},\"ran\":9}}\n");
    }
    text + "{\"k\":\"finish\",\"at\":9999999}\n"
}

#[test]
fn what_the_page_shows_is_bounded() {
    let page = page(&layers(100_000, 300));
    assert!(page.len() < 20 << 20, "{} bytes", page.len());
}

#[test]
fn a_record_that_breaks_off_says_so_in_the_page() {
    let text = record("plain");
    let cut = &text[..text.find("{\"k\":\"finish\"").unwrap() + 5];
    assert!(page(cut).contains("the record breaks off inside line 11"));
    assert!(!page(&text).contains("the record breaks off"));
}

#[test]
fn the_page_loads_nothing() {
    let page = page(&record("plain"));
    assert!(page.contains("default-src 'none'"));
    for tag in tags(&page) {
        let loads = [" src=", " href=\"http", "url(", "<link", "<iframe", "<object", "@import"];
        assert!(!loads.iter().any(|how| tag.contains(how)), "{tag}");
    }
}

#[test]
fn the_libraries_are_those_that_were_written_down() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vendor");
    let written = std::fs::read_to_string(format!("{folder}/README.md")).unwrap();
    let mut checked = 0;
    for line in written.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('`').collect();
        let (file, hash) = (cells[1], cells[cells.len() - 2]);
        let sum = std::process::Command::new("sha256sum").arg(format!("{folder}/{file}")).output();
        let sum = String::from_utf8(sum.unwrap().stdout).unwrap();
        assert!(sum.starts_with(hash), "{file}: {sum}");
        checked += 1;
    }
    assert_eq!(checked, 3);
    let page = page(&record("plain"));
    for notice in ["Copyright (c) 2022 Leon Sorokin", "The Cytoscape Consortium", "Permission is"] {
        assert!(page.contains(notice), "{notice}");
    }
}

/// A part of what the page is given.
fn part(page: &str, id: &str) -> serde_json::Value {
    let start = format!(r#"<script type="application/json" id="{id}">"#);
    let from = page.find(&start).unwrap() + start.len();
    let text = &page[from..from + page[from..].find("</script>").unwrap()];
    assert!(!text.contains('<'), "{id}");
    serde_json::from_str(text).unwrap()
}

/// What the page is given.
fn data(record: &str) -> serde_json::Value {
    part(&page(record), "data")
}

#[test]
fn the_path_that_took_longest_goes_through_the_slowest_item() {
    let record = r#"{"terrace_record":1,"own":3,"nodes":[{"name":"list"},{"name":"m","kind":"map","level":1,"over":[0]},{"name":"end","level":2,"inputs":[["x",1]]},{"name":"m.a","inside":1},{"name":"m.b","inside":1,"level":1,"inputs":[["x",3]]},{"name":"m.c","inside":1}]}
{"k":"start","at":0,"node":0,"worker":0}
{"k":"end","at":10,"node":0,"ran":10}
{"k":"start","at":10,"node":1,"worker":0}
{"k":"map","at":10,"node":1,"items":2}
{"k":"start","at":11,"path":"m[0].a","worker":0}
{"k":"start","at":11,"path":"m[1].a","worker":1}
{"k":"end","at":20,"path":"m[1].a","ran":9}
{"k":"start","at":20,"path":"m[1].c","worker":1}
{"k":"end","at":21,"path":"m[0].a","ran":10}
{"k":"start","at":21,"path":"m[0].b","worker":0}
{"k":"end","at":22,"path":"m[0].b","ran":1}
{"k":"end","at":25,"path":"m[1].c","ran":5}
{"k":"start","at":25,"path":"m[1].b","worker":1}
{"k":"end","at":29,"path":"m[1].b","ran":4}
{"k":"mapped","at":29,"node":1,"items":2}
{"k":"end","at":30,"node":1,"ran":20}
{"k":"start","at":30,"node":2,"worker":0}
{"k":"end","at":40,"node":2,"ran":10}
"#;
    // `m[1]` ended last; in it `b` waited for `a`, not for `c`.
    assert_eq!(longest(record), ["list", "m", "m[1].a", "m[1].b", "end"]);
    // The same whichever item began first.
    let other = record.replace("m[0]", "m[x]").replace("m[1]", "m[0]").replace("m[x]", "m[1]");
    assert_eq!(longest(&other), ["list", "m", "m[0].a", "m[0].b", "end"]);
    let swapped = other.replacen("m[1].a", "m[x].a", 1).replacen("m[0].a", "m[1].a", 1);
    let swapped = swapped.replacen("m[x].a", "m[0].a", 1);
    assert_eq!(longest(&swapped), ["list", "m", "m[0].a", "m[0].b", "end"]);
}

/// The names on the path that took longest, which the page has and the record tells.
fn longest(record: &str) -> Vec<String> {
    let data = data(record);
    let own = data["run"]["own"].as_u64().unwrap() as usize;
    let name = |row: &serde_json::Value| {
        let row = row.as_u64().unwrap() as usize;
        let of =
            if row < own { &data["nodes"]["name"][row] } else { &data["rows"]["path"][row - own] };
        of.as_str().unwrap().to_owned()
    };
    let path: Vec<String> = data["critical"].as_array().unwrap().iter().map(name).collect();
    let record = Record::read(record.as_bytes()).unwrap();
    let told = record.longest_path();
    assert!(told.iter().map(|on| on.place.name(&record.header)).eq(&path));
    path
}

#[test]
fn the_path_goes_through_all_passes_of_a_loop() {
    let record = r#"{"terrace_record":1,"own":1,"nodes":[{"name":"l","kind":"loop"},{"name":"l.a","inside":0},{"name":"l.b","inside":0,"level":1,"inputs":[["x",1]]}]}
{"k":"start","at":0,"node":0,"worker":0}
{"k":"start","at":0,"path":"l[0].a","worker":0}
{"k":"end","at":2,"path":"l[0].a","ran":2}
{"k":"start","at":2,"path":"l[0].b","worker":0}
{"k":"end","at":3,"path":"l[0].b","ran":1}
{"k":"start","at":3,"path":"l[1].a","worker":0}
{"k":"end","at":5,"path":"l[1].a","ran":2}
{"k":"start","at":5,"path":"l[1].b","worker":0}
{"k":"end","at":6,"path":"l[1].b","ran":1}
{"k":"end","at":6,"node":0,"ran":6}
"#;
    assert_eq!(longest(record), ["l", "l[0].a", "l[0].b", "l[1].a", "l[1].b"]);
}

#[test]
fn passes_and_what_a_task_gave_are_on_the_path() {
    let record = r#"{"terrace_record":1,"own":2,"grows":true,"nodes":[{"name":"again","kind":"loop"},{"name":"grow","kind":"dynamic","level":1,"inputs":[["x",0]]}]}
{"k":"start","at":0,"node":0,"worker":0}
{"k":"start","at":1,"path":"again[0].again","worker":0}
{"k":"end","at":2,"path":"again[0].again","ran":1}
{"k":"start","at":3,"path":"again[1].again","worker":0}
{"k":"end","at":4,"path":"again[1].again","ran":1}
{"k":"end","at":5,"node":0,"ran":5}
{"k":"start","at":5,"node":1,"worker":0}
{"k":"start","at":9,"path":"grow.left","worker":0}
{"k":"start","at":9,"path":"grow.right","worker":1}
{"k":"end","at":15,"path":"grow.left","ran":6}
{"k":"end","at":17,"path":"grow.right","ran":8}
{"k":"start","at":17,"path":"grow.merge","worker":1}
{"k":"end","at":20,"path":"grow.merge","ran":3}
{"k":"end","at":20,"node":1,"ran":15}
"#;
    let data = data(record);
    assert_eq!(data["critical"], serde_json::json!([0, 2, 3, 1, 5, 6]));
    // It ran its own task for 4 ns.
    assert_eq!(data["rows"]["around"][1], 5);
    let computing = data["series"][0]["values"].as_array().unwrap();
    assert_eq!(computing.iter().map(|most| most.as_u64().unwrap()).max(), Some(2));
}

#[test]
fn there_is_room_for_edges_that_pass_levels() {
    let record = r#"{"terrace_record":1,"own":3,"nodes":[{"name":"a"},{"name":"b","level":1,"inputs":[["x",0]]},{"name":"c","level":2,"inputs":[["x",0],["y",1]]}]}
"#;
    let nodes = &data(record)["nodes"];
    let gap = nodes["gaps"][0][1][0].as_f64().unwrap();
    assert_eq!(nodes["gaps"][0][0], 0);
    assert!((gap - nodes["x"][1].as_f64().unwrap()).abs() > 0.54, "{nodes}");
}
