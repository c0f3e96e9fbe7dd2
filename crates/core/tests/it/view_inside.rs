//! What workflows inside workflows look like as text.

use terrace_core::{
    Args, Expansion, Expr, FlowDraft, FlowStyle, Handle, NoTasks, NodeDraft, NodeView, TaskChoice,
    Workflow, WorkflowBuilder,
};

fn ansatz() -> i64 {
    1
}
fn measure_pauli(pauli: String, circuit: i64) -> f64 {
    pauli.len() as f64 * circuit as f64
}
fn energy(terms: Vec<f64>) -> f64 {
    terms.iter().sum()
}
fn load(name: String) -> String {
    name
}
fn clean(text: String, limit: i64) -> i64 {
    text.len() as i64 + limit
}
fn double(x: i64) -> i64 {
    2 * x
}
fn is_large(x: i64) -> bool {
    x > 100
}
fn merge(a: Vec<i64>, b: i64) -> i64 {
    a.len() as i64 + b
}
fn tell(_: i64) {}

/// A map over one task.
fn vqe() -> Workflow {
    let wf = WorkflowBuilder::new("vqe");
    let circuit = wf.call(ansatz, ());
    let terms = wf.map(["ZI", "IZ", "ZZ", "XX", "YY"], |body, pauli| {
        body.call(measure_pauli, (pauli, &circuit))
    });
    let energy = wf.call(energy, (&terms,));
    wf.output("energy", &energy);
    wf.build(&NoTasks).unwrap()
}

/// Bodies of several nodes, branches with maps inside, a loop, a condition, the end of a run.
fn nested() -> Workflow {
    let wf = WorkflowBuilder::new("nested");
    let names = wf.input::<Vec<String>>("names");
    let limit = wf.call(ansatz, ()).named("limit");
    let large = wf.call(is_large, (&limit,));
    let sizes = wf
        .map(&names, |body, name| {
            let text = body.call(load, (&name,));
            body.call(clean, (&text, &limit))
        })
        .named("sizes");
    let done = wf.succeed().when(&large);
    let both = wf.branches("both");
    let left = both.branch("left", |body| {
        let doubled = body.map(&sizes, |body, x| body.call(double, (x,)));
        let last = body.map(&doubled, |body, x| {
            let x = body.call(double, (x,)).named("once");
            body.call(double, (x,)).named("twice")
        });
        body.call(merge, (&last, &limit))
    });
    let right = both.branch("right", |body| {
        body.loop_from(1_i64).until(50, |body, x| {
            let next = body.call(double, (&x,));
            let done = body.call(is_large, (&next,));
            (next, done)
        })
    });
    let grown = wf.loop_from(&right).times(10, |body, x| body.call(double, (x,))).named("grow");
    let more = wf.expand(|x: i64| Expansion::value(x), (&left,)).named("more").when(&large);
    let told = wf.call(tell, (&grown,)).after(&done).when(&large);
    let sum = wf.call(|a: i64, b: Option<i64>| a + b.unwrap_or(0), (&left, &more)).named("sum");
    wf.output("sum", &sum);
    wf.output("both", &both.all());
    let _ = told;
    wf.build(&NoTasks).unwrap()
}

/// A workflow from another file, and one built before.
fn used() -> Workflow {
    let part = WorkflowBuilder::new("part");
    let x = part.input::<i64>("x");
    let y = part.call(double, (&x,));
    part.output("y", &part.call(double, (&y,)).named("again"));
    let built = part.build(&NoTasks).unwrap();

    let inner = WorkflowBuilder::new("inner");
    let name = inner.input::<String>("name");
    inner.output("text", &inner.call(load, (&name,)));
    let draft = inner.into_draft();

    let wf = WorkflowBuilder::new("used");
    let start = wf.call(ansatz, ());
    let y = wf.run(&built).arg("x", &start).add();
    let z = wf.map([1_i64, 2], |body, x| body.run(&built).arg("x", x).add().field::<i64>("y"));
    wf.output("y", &y.field::<i64>("y"));
    wf.output("z", &z);
    let mut whole = wf.into_draft();
    let style = FlowStyle::File("parts/load.yaml".to_owned());
    let flow = FlowDraft { draft, style, captures: Vec::new() };
    let args = Args::Named(vec![("name".to_owned(), Expr::Const("a".into()))]);
    let node = NodeDraft::new(TaskChoice::Flow(Box::new(flow)), args);
    whole.nodes.push(NodeDraft { name: Some("text".into()), ..node });
    whole.validate(&NoTasks).unwrap()
}

#[test]
fn a_map_over_one_task_is_one_entry_with_its_width() {
    let wf = vqe();
    insta::assert_snapshot!(wf.to_levels_text(), @r"
    Level 0: ansatz (1 parallel)
    Level 1: measure_pauli ×5 (5 parallel)
    Level 2: energy (1 parallel)
    ");
    insta::assert_snapshot!(wf.to_dot(), @r#"
    digraph "vqe" {
      rankdir=TB;
      "ansatz" [label="ansatz" tooltip="ansatz (level 0)"];
      "measure_pauli" [label="measure_pauli ×5" tooltip="measure_pauli (level 1)" shape=box3d];
      "energy" [label="energy" tooltip="energy (level 2)" style=filled fillcolor=lightblue];
      "ansatz" -> "measure_pauli";
      "measure_pauli" -> "energy";
    }
    "#);
    insta::assert_snapshot!(wf.to_mermaid(), @r#"
    flowchart TB
      n0["ansatz"]
      n1[["measure_pauli ×5"]]
      n2["energy"]
      n0 --> n1
      n1 --> n2
      classDef output fill:lightblue
      class n2 output
    "#);
    let graph = wf.to_graph_json();
    insta::assert_snapshot!(serde_json::to_string_pretty(&graph["nodes"][1]).unwrap(), @r#"
    {
      "name": "measure_pauli",
      "kind": "map",
      "task": "measure_pauli",
      "label": null,
      "level": 1,
      "inside": null,
      "lane": "compute",
      "dependencies": [
        "ansatz"
      ],
      "after": [],
      "output": false,
      "width": 5
    }
    "#);
}

#[test]
fn levels_inside_nodes_are_indented() {
    insta::assert_snapshot!(nested().to_levels_text(), @r"
    Level 0: ansatz (1 parallel)
    Level 1: is_large, sizes ×? (1 + ? parallel)
      sizes ×?:
        Level 0: load (1 parallel)
        Level 1: clean (1 parallel)
    Level 2: succeed, both (2 parallel)
      both:
        Level 0: left, right (2 parallel)
          left:
            Level 0: double ×? (? parallel)
            Level 1: map ×? (? parallel)
              map ×?:
                Level 0: double (1 parallel)
                Level 1: double (1 parallel)
            Level 2: merge (1 parallel)
          right:
            Level 0: loop (1 parallel)
              loop ≤ 50:
                Level 0: double (1 parallel)
                Level 1: is_large (1 parallel)
    Level 3: double, closure (2 parallel)
    Level 4: tell, closure (2 parallel)
    ");
    insta::assert_snapshot!(used().to_levels_text(), @r"
    Level 0: ansatz, map ×2, text (4 parallel)
      map ×2:
        Level 0: part (1 parallel)
          part:
            Level 0: double (1 parallel)
            Level 1: double (1 parallel)
      text (parts/load.yaml):
        Level 0: load (1 parallel)
    Level 1: part (1 parallel)
      part:
        Level 0: double (1 parallel)
        Level 1: double (1 parallel)
    ");
}

#[test]
fn dot_draws_bodies_as_clusters() {
    insta::assert_snapshot!(nested().to_dot(), @r#"
    digraph "nested" {
      rankdir=TB;
      compound=true;
      "limit" [label="ansatz" tooltip="limit (level 0)"];
      "is_large" [label="is_large" tooltip="is_large (level 1)"];
      subgraph "cluster_sizes" {
        label="sizes ×?" labeljust=l tooltip="sizes (level 1)";
        style=rounded;
        "sizes.load" [label="load" tooltip="sizes.load (level 0)"];
        "sizes.clean" [label="clean" tooltip="sizes.clean (level 1)"];
      }
      "succeed" [label="succeed" tooltip="succeed (level 2)" shape=octagon];
      subgraph "cluster_both" {
        label="both" labeljust=l tooltip="both (level 2)";
        style="rounded,filled" fillcolor=lightblue;
        node [style=filled fillcolor=white];
        subgraph "cluster_both.left" {
          label="left" labeljust=l tooltip="both.left (level 0)";
          style=rounded;
          "both.left.double" [label="double ×?" tooltip="both.left.double (level 0)" shape=box3d];
          subgraph "cluster_both.left.map" {
            label="map ×?" labeljust=l tooltip="both.left.map (level 1)";
            style=rounded;
            "both.left.map.once" [label="double" tooltip="both.left.map.once (level 0)"];
            "both.left.map.twice" [label="double" tooltip="both.left.map.twice (level 1)"];
          }
          "both.left.merge" [label="merge" tooltip="both.left.merge (level 2)"];
        }
        subgraph "cluster_both.right" {
          label="right" labeljust=l tooltip="both.right (level 0)";
          style=rounded;
          subgraph "cluster_both.right.loop" {
            label="loop ≤ 50" labeljust=l tooltip="both.right.loop (level 0)";
            style=rounded;
            "both.right.loop.double" [label="double" tooltip="both.right.loop.double (level 0)"];
            "both.right.loop.is_large" [label="is_large" tooltip="both.right.loop.is_large (level 1)"];
          }
        }
      }
      "grow" [label="double, loop ×10" tooltip="grow (level 3)" shape=box];
      "more" [label="more …" tooltip="more (level 3)" style=dashed];
      "tell" [label="tell" tooltip="tell (level 4)"];
      "sum" [label="sum" tooltip="sum (level 4)" style=filled fillcolor=lightblue];
      { rank=same; "grow"; "more"; }
      { rank=same; "tell"; "sum"; }
      "limit" -> "is_large";
      "limit" -> "sizes.clean";
      "is_large" -> "succeed" [style=dotted label=when];
      "sizes.clean" -> "both.left.double" [ltail="cluster_sizes"];
      "limit" -> "both.left.merge";
      "both.right.loop.is_large" -> "grow" [ltail="cluster_both.right"];
      "both.left.merge" -> "more" [ltail="cluster_both.left"];
      "is_large" -> "more" [style=dotted label=when];
      "grow" -> "tell";
      "is_large" -> "tell" [style=dotted label=when];
      "succeed" -> "tell" [style=dashed];
      "both.left.merge" -> "sum" [ltail="cluster_both.left"];
      "more" -> "sum";
      "sizes.load" -> "sizes.clean";
      "both.left.double" -> "both.left.map.once" [lhead="cluster_both.left.map"];
      "both.left.map.twice" -> "both.left.merge" [ltail="cluster_both.left.map"];
      "both.left.map.once" -> "both.left.map.twice";
      "both.right.loop.double" -> "both.right.loop.is_large";
    }
    "#);
    insta::assert_snapshot!(used().to_dot(), @r#"
    digraph "used" {
      rankdir=TB;
      compound=true;
      "ansatz" [label="ansatz" tooltip="ansatz (level 0)"];
      subgraph "cluster_part" {
        label="part" labeljust=l tooltip="part (level 1)";
        style="rounded,filled" fillcolor=lightblue;
        node [style=filled fillcolor=white];
        "part.double" [label="double" tooltip="part.double (level 0)"];
        "part.again" [label="double" tooltip="part.again (level 1)"];
      }
      subgraph "cluster_map" {
        label="map ×2" labeljust=l tooltip="map (level 0)";
        style="rounded,filled" fillcolor=lightblue;
        node [style=filled fillcolor=white];
        subgraph "cluster_map.part" {
          label="part" labeljust=l tooltip="map.part (level 0)";
          style=rounded;
          "map.part.double" [label="double" tooltip="map.part.double (level 0)"];
          "map.part.again" [label="double" tooltip="map.part.again (level 1)"];
        }
      }
      subgraph "cluster_text" {
        label="text (parts/load.yaml)" labeljust=l tooltip="text (level 0)";
        style=rounded;
        "text.load" [label="load" tooltip="text.load (level 0)"];
      }
      "ansatz" -> "part.double";
      "part.double" -> "part.again";
      "map.part.double" -> "map.part.again";
    }
    "#);
}

#[test]
fn mermaid_draws_bodies_as_subgraphs() {
    insta::assert_snapshot!(nested().to_mermaid(), @r#"
    flowchart TB
      n0["limit<br/>ansatz"]
      n1["is_large"]
      subgraph n2["sizes ×?"]
        n9["load"]
        n10["clean"]
      end
      n3(["succeed"])
      subgraph n4["both"]
        subgraph n11["left"]
          n13[["double ×?"]]
          subgraph n14["map ×?"]
            n17["once<br/>double"]
            n18["twice<br/>double"]
          end
          n15["merge"]
        end
        subgraph n12["right"]
          subgraph n16["loop ≤ 50"]
            n19["double"]
            n20["is_large"]
          end
        end
      end
      n5["grow<br/>double, loop ×10"]
      n6{{"more …"}}
      n7["tell"]
      n8["sum"]
      n0 --> n1
      n0 --> n10
      n1 -. when .-> n3
      n2 --> n13
      n0 --> n15
      n12 --> n5
      n11 --> n6
      n1 -. when .-> n6
      n5 --> n7
      n1 -. when .-> n7
      n3 -.-> n7
      n11 --> n8
      n6 --> n8
      n9 --> n10
      n13 --> n14
      n14 --> n15
      n17 --> n18
      n19 --> n20
      classDef output fill:lightblue
      class n4,n8 output
    "#);
    insta::assert_snapshot!(used().to_mermaid(), @r#"
    flowchart TB
      n0["ansatz"]
      subgraph n1["part"]
        n4["double"]
        n5["again<br/>double"]
      end
      subgraph n2["map ×2"]
        subgraph n6["part"]
          n8["double"]
          n9["again<br/>double"]
        end
      end
      subgraph n3["text (parts/load.yaml)"]
        n7["load"]
      end
      n0 --> n4
      n4 --> n5
      n8 --> n9
      classDef output fill:lightblue
      class n1,n2 output
    "#);
}

#[test]
fn json_is_flat_with_full_paths() {
    let line = |wf: &Workflow| -> String {
        let graph = wf.to_graph_json();
        let nodes = graph["nodes"].as_array().unwrap();
        let fields = ["name", "kind", "task", "level", "inside", "dependencies", "width", "output"];
        let text = |node: &serde_json::Value| {
            let shown = fields.iter().filter_map(|&field| node.get(field)).map(|v| v.to_string());
            shown.collect::<Vec<_>>().join(" ")
        };
        nodes.iter().map(text).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(line(&nested()), @r#"
    "limit" "task" "ansatz" 0 null [] false
    "is_large" "task" "is_large" 1 null ["limit"] false
    "sizes" "map" "workflow" 1 null ["limit"] null false
    "sizes.load" "task" "load" 0 "sizes" [] false
    "sizes.clean" "task" "clean" 1 "sizes" ["sizes.load"] false
    "succeed" "succeed" "succeed" 2 null ["is_large"] false
    "both" "branches" "branches" 2 null ["sizes","limit"] true
    "both.left" "flow" "workflow" 0 "both" [] false
    "both.left.double" "map" "double" 0 "both.left" [] null false
    "both.left.map" "map" "workflow" 1 "both.left" ["both.left.double"] null false
    "both.left.map.once" "task" "double" 0 "both.left.map" [] false
    "both.left.map.twice" "task" "double" 1 "both.left.map" ["both.left.map.once"] false
    "both.left.merge" "task" "merge" 2 "both.left" ["both.left.map"] false
    "both.right" "flow" "workflow" 0 "both" [] false
    "both.right.loop" "loop" "workflow" 0 "both.right" [] false
    "both.right.loop.double" "task" "double" 0 "both.right.loop" [] false
    "both.right.loop.is_large" "task" "is_large" 1 "both.right.loop" ["both.right.loop.double"] false
    "grow" "loop" "double" 3 null ["both"] false
    "more" "dynamic" "closure" 3 null ["both","is_large"] false
    "tell" "task" "tell" 4 null ["grow","is_large","succeed"] false
    "sum" "task" "closure" 4 null ["both","more"] true
    "#);
    insta::assert_snapshot!(line(&used()), @r#"
    "ansatz" "task" "ansatz" 0 null [] false
    "part" "flow" "part" 1 null ["ansatz"] true
    "part.double" "task" "double" 0 "part" [] false
    "part.again" "task" "double" 1 "part" ["part.double"] false
    "map" "map" "workflow" 0 null [] 2 true
    "map.part" "flow" "part" 0 "map" [] false
    "map.part.double" "task" "double" 0 "map.part" [] false
    "map.part.again" "task" "double" 1 "map.part" ["map.part.double"] false
    "text" "flow" "parts/load.yaml" 0 null [] false
    "text.load" "task" "load" 0 "text" [] false
    "#);
}

#[test]
fn walking_finds_every_node_by_its_path() {
    let wf = nested();
    let found = wf.walk().find(|walked| walked.path == "both.left.map.twice").unwrap();
    assert_eq!((found.depth, found.inside()), (3, Some("both.left.map")));
    assert_eq!(&*found.node().task().name, "double");
    let maps = wf.walk().filter(|walked| walked.node().view() == NodeView::Map).count();
    assert_eq!(maps, 3);
    assert_eq!(wf.walk().count(), wf.to_graph_json()["nodes"].as_array().unwrap().len());
}

#[test]
fn what_is_nested_too_deep_or_too_often_is_cut() {
    let deepen = |copies: usize, depth: usize| {
        let bottom = WorkflowBuilder::new("bottom");
        bottom.output("x", &bottom.call(ansatz, ()));
        let mut workflow = bottom.build(&NoTasks).unwrap();
        for _ in 0..depth {
            let level = WorkflowBuilder::new("level");
            for _ in 0..copies {
                let _ = level.run(&workflow).add();
            }
            workflow = level.build(&NoTasks).unwrap();
        }
        workflow
    };
    let deep = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let deep = deepen(1, 10_000);
        (deep.to_dot(), deep.to_mermaid(), deep.to_levels_text(), deep.to_graph_json())
    });
    let (dot, mermaid, levels, json) = deep.unwrap().join().unwrap();
    assert!(dot.contains("[+]") && mermaid.contains("[+]"));
    assert_eq!(levels.lines().count(), 33);
    assert_eq!(json["nodes"].as_array().unwrap().last().unwrap()["cut"], true);
    // 2^40 nodes.
    let wide = deepen(2, 40);
    assert!(wide.to_graph_json()["nodes"].as_array().unwrap().len() < 30_000);
    assert_eq!(wide.walk().take(100).count(), 100);
}

#[test]
fn loops_tell_how_often_they_run() {
    let wf = WorkflowBuilder::new("loops");
    let _ = wf.loop_from(1_i64).until(5, |body, x| {
        let next = body.call(double, (&x,));
        let done = body.call(is_large, (&next,));
        (next, done)
    });
    let handle: Handle<i64> = wf.loop_from(1_i64).times(3, |body, x| body.call(double, (x,)));
    let wf = wf.build(&NoTasks).unwrap();
    assert!(wf.to_dot().contains("label=\"loop ≤ 5\""));
    assert!(wf.to_dot().contains("label=\"double, loop ×3\""));
    assert_eq!(wf.node(handle.node().unwrap()).view(), NodeView::Loop);
}
