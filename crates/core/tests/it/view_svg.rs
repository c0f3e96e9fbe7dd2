//! Workflows as SVG: what is drawn, where it stands, and that it is XML whatever things are called.

use std::collections::HashMap;

use roxmltree::{Document, Node};
use terrace_core::{NoTasks, Workflow, WorkflowBuilder};

/// A workflow of levels with random edges between them, of which some pass levels.
fn layered(levels: usize, wide: usize, seed: u64) -> Workflow {
    let mut state = seed;
    let mut next = move |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let wf = WorkflowBuilder::new("layered");
    let mut rows: Vec<Vec<_>> = Vec::new();
    for level in 0..levels {
        let row = (0..wide).map(|at| {
            let name = format!("n{level}_{at}");
            if level == 0 {
                return wf.call(|| 0_i64, ()).named(name);
            }
            let above = &rows[level - 1][next(wide)];
            let far = &rows[next(level)][next(wide)];
            wf.call(|a: i64, b: i64| a + b, (above, far)).named(name)
        });
        rows.push(row.collect());
    }
    wf.output("last", &rows[levels - 1][0]);
    wf.build(&NoTasks).unwrap()
}

fn number(node: Node<'_, '_>, name: &str) -> f64 {
    node.attribute(name).unwrap().parse().unwrap()
}

/// The boxes of a picture by their titles: x, y, width, height.
fn boxes(svg: &str) -> HashMap<String, [f64; 4]> {
    let document = Document::parse(svg).unwrap();
    let groups = document.descendants().filter(|node| node.has_tag_name("g"));
    groups
        .map(|group| {
            let title = group.first_element_child().unwrap().text().unwrap().to_owned();
            let rect = group.children().rfind(|node| node.has_tag_name("rect")).unwrap();
            (title, ["x", "y", "width", "height"].map(|name| number(rect, name)))
        })
        .collect()
}

#[test]
fn a_diamond_is_drawn() {
    let wf = WorkflowBuilder::new("diamond");
    let a = wf.call(|| 1_i64, ()).named("a");
    let b = wf.call(|x: i64| x, (&a,)).named("b");
    let c = wf.map(vec![1_i64, 2], |body, x| body.call(|x: i64| x, (x,))).named("c").after(&a);
    let d = wf.call(|x: i64, y: Vec<i64>| x + y[0], (&b, &c)).named("d");
    wf.output("sum", &d);
    let svg = wf.build(&NoTasks).unwrap().to_svg();
    let begin = svg.find("<rect").unwrap();
    insta::assert_snapshot!(&svg[begin..], @r#"
    <rect class="paper" width="100%" height="100%"/>
    <text class="level" x="20" y="44">Level 0</text>
    <text class="level" x="20" y="130">Level 1</text>
    <text class="level" x="20" y="216">Level 2</text>
    <path class="edge" d="M165 60C165 83 122 83 122 106" marker-end="url(#tip)"/>
    <path class="edge after" d="M165 60C165 81 208 81 208 102" marker-end="url(#tip)"/>
    <path class="edge" d="M122 146C122 169 165 169 165 192" marker-end="url(#tip)"/>
    <path class="edge" d="M208 146C208 169 165 169 165 192" marker-end="url(#tip)"/>
    <g><title>a: closure (level 0)</title><rect class="node" x="133" y="20" width="64" height="40" rx="5"/><text x="165" y="44.5">a</text></g>
    <g><title>b: closure (level 1)</title><rect class="node" x="90" y="106" width="64" height="40" rx="5"/><text x="122" y="130.5">b</text></g>
    <g><title>c: closure (level 1)</title><rect class="node" x="180" y="102" width="64" height="40" rx="5"/><rect class="node" x="176" y="106" width="64" height="40" rx="5"/><text x="208" y="130.5">c ×2</text></g>
    <g><title>d: closure (level 2)</title><rect class="output" x="133" y="192" width="64" height="40" rx="5"/><text x="165" y="216.5">d</text></g>
    </svg>
    "#);
}

#[test]
fn the_inside_of_a_node_is_a_box_around_its_nodes() {
    let wf = WorkflowBuilder::new("inside");
    let seed = wf.call(|| 1_i64, ()).named("seed");
    let both = wf.branches("both");
    both.branch("left", |body| {
        let one = body.call(|x: i64| x, (&seed,)).named("one");
        body.call(|x: i64| x, (&one,)).named("two")
    });
    both.branch("a-branch-with-a-name-wider-than-its-node", |body| {
        body.call(|| 1_i64, ()).named("n")
    });
    let svg = wf.build(&NoTasks).unwrap().to_svg();
    let boxes = boxes(&svg);
    let find = |path: &str| {
        let found = boxes.iter().find(|(title, _)| title.starts_with(&format!("{path}:")));
        *found.unwrap_or_else(|| panic!("{path} in {boxes:?}")).1
    };
    let within = |outer: [f64; 4], inner: [f64; 4]| {
        outer[0] < inner[0]
            && outer[1] < inner[1]
            && outer[0] + outer[2] > inner[0] + inner[2]
            && outer[1] + outer[3] > inner[1] + inner[3]
    };
    for (outer, inner) in
        [("both", "both.left"), ("both.left", "both.left.one"), ("both.left", "both.left.two")]
    {
        assert!(within(find(outer), find(inner)), "{inner} is not within {outer}");
    }
    let (one, two) = (find("both.left.one"), find("both.left.two"));
    assert!(one[1] + one[3] < two[1], "a level below: {one:?} {two:?}");
    assert_eq!(one[0], two[0], "in one column");
}

#[test]
fn boxes_of_a_level_do_not_touch() {
    for seed in 0..10 {
        let svg = layered(6, 12, seed).to_svg();
        let boxes: Vec<(String, [f64; 4])> = boxes(&svg).into_iter().collect();
        assert_eq!(boxes.len(), 72);
        for (at, (name, a)) in boxes.iter().enumerate() {
            for (other, b) in &boxes[at + 1..] {
                let apart = a[0] + a[2] < b[0] || b[0] + b[2] < a[0];
                let over = a[1] + a[3] < b[1] || b[1] + b[3] < a[1];
                assert!(apart || over, "seed {seed}: {name} {a:?} and {other} {b:?}");
            }
        }
        assert_eq!(layered(6, 12, seed).to_svg(), svg, "seed {seed}");
    }
}

#[test]
fn it_is_xml_whatever_things_are_called() {
    let hostile = [
        "</text></svg><script>alert(1)</script>",
        "\"' onload='x' & &amp; <!-- ]]> <![CDATA[",
        "\u{0}\u{1}\u{b}\u{1b}[31m\u{7f}\u{85}\u{fffe}\u{ffff}",
        "\u{202e}gnp.exe\u{2066}",
        "e\u{301}\u{200d}👩\u{200d}🚀 測定",
        &"long ".repeat(10_000),
        "",
    ];
    let wf = WorkflowBuilder::new(hostile[0]);
    for label in hostile {
        let _ = wf.call(|| 1_i64, ()).labelled(label);
    }
    let svg = wf.build(&NoTasks).unwrap().to_svg();
    let document = Document::parse(&svg).unwrap();
    let known = ["svg", "title", "style", "defs", "marker", "path", "rect", "text", "g"];
    for node in document.descendants().filter(|node| node.is_element()) {
        assert!(known.contains(&node.tag_name().name()), "{:?}", node.tag_name());
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
        }
    }
    let texts: Vec<&str> = document
        .descendants()
        .filter(|node| node.has_tag_name("text"))
        .filter_map(|node| node.text())
        .collect();
    assert!(texts.iter().all(|text| text.chars().count() <= 31), "{texts:?}");
    assert!(!svg.contains(['\u{202e}', '\u{1b}', '\0']));
}

#[test]
fn of_very_many_nodes_those_of_a_level_and_task_are_one() {
    let wf = WorkflowBuilder::new("many");
    let first = wf.call(|| 0_i64, ()).named("first");
    for _ in 0..30_000 {
        let _ = wf.call(|x: i64| x, (&first,));
    }
    let wf = wf.build(&NoTasks).unwrap();
    let svg = wf.to_svg();
    assert!(svg.contains("· 30000 nodes") && svg.len() < 10_000, "{} bytes", svg.len());
    assert_eq!(
        Document::parse(&svg).unwrap().descendants().filter(|n| n.has_tag_name("g")).count(),
        2
    );
}

#[test]
fn a_long_chain_and_a_workflow_without_nodes_are_drawn() {
    let wf = WorkflowBuilder::new("chain");
    let mut last = wf.call(|| 0_i64, ());
    let first = last.clone();
    for _ in 0..3_000 {
        last = wf.call(|x: i64| x, (&last,));
    }
    // An edge past all of them.
    let _ = wf.call(|x: i64, y: i64| x + y, (&first, &last));
    assert!(Document::parse(&wf.build(&NoTasks).unwrap().to_svg()).is_ok());
    let empty = WorkflowBuilder::new("").build(&NoTasks).unwrap();
    assert!(Document::parse(&empty.to_svg()).is_ok());
}
