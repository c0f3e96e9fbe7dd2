//! Workflow files that are right, in the three languages.

use terrace_core::{Draft, Expr, Format, Source, Value};

use crate::file_catalog::{load, shown};

const YAML: &str = r#"
terrace: 1
name: vqe-h2
description: Energy of a hydrogen molecule.
packs: { quantum: "^0.1" }
inputs: { theta: { type: f64, default: -0.22368 } }
nodes:
  ansatz:  { task: quantum/build_ansatz, with: { theta: "${inputs.theta}" } }
  zi: { task: quantum/measure_pauli, with: { circuit: "${ansatz}", pauli: ZI } }
  iz: { task: quantum/measure_pauli, with: { circuit: "${ansatz}", pauli: IZ } }
  zz: { task: quantum/measure_pauli, with: { circuit: "${ansatz}", pauli: ZZ } }
  xx: { task: quantum/measure_pauli, with: { circuit: "${ansatz}", pauli: XX } }
  yy: { task: quantum/measure_pauli, with: { circuit: "${ansatz}", pauli: YY }, lane: blocking }
  energy:
    task: quantum/compute_energy
    with:
      terms: ["${zi}", "${iz}", "${zz}", "${xx}", "${yy}"]
    after: [zi, yy]
    label: sum over all terms
    keep: true
outputs:
  energy: "${energy}"
  note: "run ${run.id}: theta is ${inputs.theta}"
"#;

const TOML: &str = r#"
terrace = 1
name = "vqe-h2"
description = "Energy of a hydrogen molecule."
packs.quantum = { version = "^0.1" }
inputs.theta = { type = "f64", default = -0.22368 }

[nodes.ansatz]
task = "quantum/build_ansatz"
with.theta = "${inputs.theta}"

[nodes]
zi = { task = "quantum/measure_pauli", with = { circuit = "${ansatz}", pauli = "ZI" } }
iz = { task = "quantum/measure_pauli", with = { circuit = "${ansatz}", pauli = "IZ" } }
zz = { task = "quantum/measure_pauli", with = { circuit = "${ansatz}", pauli = "ZZ" } }
xx = { task = "quantum/measure_pauli", with = { circuit = "${ansatz}", pauli = "XX" } }

[nodes.yy]
task = "quantum/measure_pauli"
with = { circuit = "${ansatz}", pauli = "YY" }
lane = "blocking"

[nodes.energy]
task = "quantum/compute_energy"
with.terms = ["${zi}", "${iz}", "${zz}", "${xx}", "${yy}"]
after = ["zi", "yy"]
label = "sum over all terms"
keep = true

[outputs]
energy = "${energy}"
note = "run ${run.id}: theta is ${inputs.theta}"
"#;

const JSON: &str = r#"{
  "terrace": 1,
  "name": "vqe-h2",
  "description": "Energy of a hydrogen molecule.",
  "packs": { "quantum": "^0.1" },
  "inputs": { "theta": { "type": "f64", "default": -0.22368 } },
  "nodes": {
    "ansatz": { "task": "quantum/build_ansatz", "with": { "theta": "${inputs[\"theta\"]}" } },
    "zi": { "task": "quantum/measure_pauli", "with": { "circuit": "${ansatz}", "pauli": "ZI" } },
    "iz": { "task": "quantum/measure_pauli", "with": { "circuit": "${ansatz}", "pauli": "IZ" } },
    "zz": { "task": "quantum/measure_pauli", "with": { "circuit": "${ansatz}", "pauli": "ZZ" } },
    "xx": { "task": "quantum/measure_pauli", "with": { "circuit": "${ansatz}", "pauli": "XX" } },
    "yy": {
      "task": "quantum/measure_pauli",
      "with": { "circuit": "${ansatz}", "pauli": "YY" },
      "lane": "blocking"
    },
    "energy": {
      "task": "quantum/compute_energy",
      "with": { "terms": ["${zi}", "${iz}", "${zz}", "${xx}", "${yy}"] },
      "after": ["zi", "yy"],
      "label": "sum over all terms",
      "keep": true
    }
  },
  "outputs": { "energy": "${energy}", "note": "run ${run.id}: theta is ${inputs.theta}" }
}"#;

fn read(format: Format, text: &str) -> Draft {
    let draft = Draft::read(&Source::new("flow", text, format)).unwrap();
    assert!(draft.problems.is_empty(), "{:?}", draft.problems);
    draft
}

#[test]
fn the_h2_workflow_reads_alike_in_yaml_toml_and_json() {
    let yaml = shown(&read(Format::Yaml, YAML));
    assert_eq!(shown(&read(Format::Json, JSON)), yaml);
    assert_eq!(shown(&read(Format::Toml, TOML)), yaml);
    insta::assert_snapshot!(yaml, @r#"
    Some("vqe-h2") Some("Energy of a hydrogen molecule.")
    pack "quantum" "quantum" "^0.1"
    input "theta": f64 = Some(-0.22368) None false None
    node Some("ansatz") "quantum/build_ansatz" [("theta", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
    node Some("zi") "quantum/measure_pauli" [("circuit", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("pauli", Const("ZI"))] [] None None false
    node Some("iz") "quantum/measure_pauli" [("circuit", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("pauli", Const("IZ"))] [] None None false
    node Some("zz") "quantum/measure_pauli" [("circuit", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("pauli", Const("ZZ"))] [] None None false
    node Some("xx") "quantum/measure_pauli" [("circuit", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("pauli", Const("XX"))] [] None None false
    node Some("yy") "quantum/measure_pauli" [("circuit", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("pauli", Const("YY"))] [] Some(Blocking) None false
    node Some("energy") "quantum/compute_energy" [("terms", List([Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None }), Ref(Ref { root: Node(NodeId(2)), path: [], adapt: None }), Ref(Ref { root: Node(NodeId(3)), path: [], adapt: None }), Ref(Ref { root: Node(NodeId(4)), path: [], adapt: None }), Ref(Ref { root: Node(NodeId(5)), path: [], adapt: None })]))] [NodeId(1), NodeId(5)] None Some("sum over all terms") true
    output "energy" Ref(Ref { root: Node(NodeId(6)), path: [], adapt: None })
    output "note" Text([Literal("run "), Ref(Ref { root: RunId, path: [], adapt: None }), Literal(": theta is "), Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })])
    "#);
}

#[test]
fn the_h2_workflow_is_valid_and_has_three_levels() {
    for (format, text) in [(Format::Yaml, YAML), (Format::Toml, TOML), (Format::Json, JSON)] {
        let workflow = load(format, text).unwrap();
        let sizes: Vec<usize> = workflow.levels().groups().map(<[_]>::len).collect();
        assert_eq!(sizes, [1, 5, 1]);
        assert_eq!(workflow.name(), "vqe-h2");
        let names: Vec<&str> = workflow.nodes().iter().map(terrace_core::Node::name).collect();
        assert_eq!(names, ["ansatz", "zi", "iz", "zz", "xx", "yy", "energy"]);
        assert!(workflow.nodes()[6].kept());
        assert_eq!(workflow.outputs().len(), 2);
    }
}

/// The argument `x` of a node, from its YAML.
fn arg(yaml: &str) -> Expr {
    let text = format!(
        "terrace: 1\ninputs: {{ i: any }}\nnodes:\n  a: {{ task: t/any }}\n  \
         n: {{ task: t/any, with: {{ x: {yaml} }} }}"
    );
    let workflow = load(Format::Yaml, &text).unwrap_or_else(|problems| panic!("{problems}"));
    workflow.nodes()[1].args()[0].clone()
}

#[test]
fn a_string_that_is_one_reference_keeps_its_type_and_others_are_text() {
    for (yaml, expected) in [
        ("'${a}'", "Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })"),
        (
            "'${a.b[3][\"c d\"]}'",
            "Ref(Ref { root: Node(NodeId(0)), path: [Key(\"b\"), Index(3), Key(\"c d\")], adapt: None })",
        ),
        (
            "'${inputs.i.k}'",
            "Ref(Ref { root: Input(InputId(0)), path: [Key(\"k\")], adapt: None })",
        ),
        (
            "' ${run.seed}'",
            "Text([Literal(\" \"), Ref(Ref { root: RunSeed, path: [], adapt: None })])",
        ),
        (
            "'$$${workflow.dir}$$'",
            "Text([Literal(\"$\"), Ref(Ref { root: WorkflowDir, path: [], adapt: None }), Literal(\"$$\")])",
        ),
        (
            "[1, {k: '${run.id}', l: [2]}]",
            "List([Const(1), Map([(\"k\", Ref(Ref { root: RunId, path: [], adapt: None })), (\"l\", Const([2]))])])",
        ),
    ] {
        assert_eq!(format!("{:?}", arg(yaml)), expected, "{yaml}");
    }
}

#[test]
fn a_tree_without_references_is_one_constant() {
    let map = |entries: Vec<(&str, Value)>| Value::map(entries).unwrap();
    for (yaml, expected) in [
        ("1", Value::from(1)),
        ("18446744073709551615", Value::from(u64::MAX)),
        (".nan", Value::from(f64::NAN)),
        ("{ $f64: '-inf' }", Value::from(f64::NEG_INFINITY)),
        ("{ $bytes: aGk= }", Value::from(&b"hi"[..])),
        (
            "{ $array: { dtype: u8, shape: [2], data: AQI= } }",
            Value::from(terrace_plugin_api::Array::from_slice(&[1_u8, 2])),
        ),
        ("{ $$f64: 1 }", map(vec![("$f64", Value::from(1))])),
        ("{ $f64: 1, b: 2 }", map(vec![("$f64", Value::from(1)), ("b", Value::from(2))])),
        ("{ '$$$${a}': 1 }", map(vec![("${a}", Value::from(1))])),
        ("{ b: 1, '$${a}': '$${a}' }", map(vec![("b", Value::from(1)), ("${a}", "${a}".into())])),
        ("'$5 $x $${ {'", Value::from("$5 $x ${ {")),
    ] {
        assert_eq!(arg(yaml), Expr::Const(expected), "{yaml}");
    }
}

#[test]
fn packs_may_have_another_name() {
    let text = "terrace: 1\npacks:\n  quantum: { version: ^0.1, as: q }\n  \
                old: { pack: quantum, version: =0.1.0 }\n  t: ^1";
    let workflow = load(Format::Yaml, text).unwrap();
    let packs: Vec<_> = workflow
        .packs()
        .iter()
        .map(|pack| (pack.alias.as_str(), pack.name.as_str(), pack.version.as_str()))
        .collect();
    assert_eq!(packs, [("q", "quantum", "^0.1"), ("old", "quantum", "=0.1.0"), ("t", "t", "^1")]);
}

#[test]
fn inputs_have_types_defaults_and_sources() {
    let text = "terrace: 1\ninputs:\n  a: list<i64>\n  b: { type: str?, default: null }\n  \
                c: { type: str, secret: true, from: env:TOKEN, description: a token }\n  \
                d: { type: f64, default: 1 }\n  e: { type: str, default: '$${x}' }";
    let workflow = load(Format::Yaml, text).unwrap();
    let inputs = workflow.inputs();
    assert_eq!(inputs[0].ty.to_string(), "list<i64>");
    assert_eq!(inputs[1].default, Some(Value::Null));
    assert!(inputs[2].secret);
    assert_eq!(inputs[2].env.as_deref(), Some("TOKEN"));
    assert_eq!(inputs[2].description.as_deref(), Some("a token"));
    assert_eq!(inputs[3].default, Some(Value::from(1)));
    assert_eq!(inputs[4].default, Some(Value::from("${x}")));
}

#[test]
fn after_takes_one_name_or_several() {
    let text = "terrace: 1\nnodes:\n  a: { task: t/any }\n  b: { task: t/any, after: a }\n  \
                c: { task: t/any, after: [b, a] }";
    let workflow = load(Format::Yaml, text).unwrap();
    let after: Vec<Vec<usize>> = workflow
        .nodes()
        .iter()
        .map(|node| node.after().iter().map(|id| id.index()).collect())
        .collect();
    assert_eq!(after, [vec![], vec![0], vec![1, 0]]);
}
