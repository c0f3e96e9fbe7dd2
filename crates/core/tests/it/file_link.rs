//! Files that use each other.

use std::collections::HashMap;

use terrace_core::{Catalog, Draft, Format, Source, TaskChoice, TaskRef};

use crate::file_catalog::{TestTasks, shown, slice};

/// Files by path, as on a disk.
struct Files(HashMap<&'static str, String>);

impl Files {
    fn new(files: &[(&'static str, &str)]) -> Self {
        let text = |text: &str| format!("terrace: 1\n{text}");
        Self(files.iter().map(|(name, file)| (*name, text(file))).collect())
    }

    fn source(&self, name: &str) -> Result<Source, String> {
        let text = self.0.get(name).ok_or_else(|| format!("there is no {name}"))?;
        Ok(Source::new(name, text.as_str(), Format::Yaml))
    }

    fn read(&self, name: &str) -> Draft {
        let mut draft = Draft::read(&self.source(name).unwrap()).unwrap();
        draft.link(&mut |path, from| {
            let folder = from.name().rsplit_once('/').map_or("", |(folder, _)| folder);
            match path.strip_prefix("../") {
                Some(path) => self.source(path),
                None if folder.is_empty() => self.source(path),
                None => self.source(&format!("{folder}/{path}")),
            }
        });
        draft
    }

    /// What is wrong with a file and those it uses, each with its part of the text.
    fn problems(&self, name: &str) -> String {
        let problems = self.read(name).validate(&Aliases).unwrap_err();
        let shown = problems.iter().map(|problem| match &problem.place {
            place @ terrace_core::Place::Text { source, .. } => {
                format!("{problem}\n    {}\n", slice(place, source.text()))
            }
            _ => format!("{problem}\n"),
        });
        shown.collect()
    }
}

/// The test's tasks, and any of them under an alias that ends in `~2`.
struct Aliases;

impl Catalog for Aliases {
    fn find(&self, name: &str) -> Option<TaskRef> {
        TestTasks::new().find(&name.replace("~2", ""))
    }
    fn names(&self) -> Vec<String> {
        let names = TestTasks::new().names().into_iter();
        names.flat_map(|name| [name.replace('/', "~2/"), name]).collect()
    }
}

fn packs(draft: &Draft) -> String {
    let shown = draft.packs.iter().map(|pack| {
        let at = pack.span.zip(draft.source.as_ref());
        let at = at.map_or("", |(span, source)| &source.text()[span.range()]);
        format!("{}: {} {} ({at})", pack.alias, pack.name, pack.version)
    });
    shown.collect::<Vec<_>>().join("\n")
}

#[test]
fn files_become_workflows_inside_nodes() {
    let files = Files::new(&[
        (
            "main.yaml",
            "nodes:
  a: { task: t/num, with: { x: 1 } }
  b: { use: parts/half.yaml, with: { x: '${a}' } }
  c: { map: { over: [1, 2] }, use: parts/half.yaml, with: { x: '${item}' } }
  d: { branches: { left: { use: parts/dir.yaml }, right: { use: parts/half.yaml, with: { x: 3 } } } }
  e: { task: t/num, with: { x: '${b.y}' } }
  f: { task: t/num, with: { x: '${c[1].y}' } }
",
        ),
        (
            "parts/half.yaml",
            "name: half
inputs: { x: f64 }
nodes:
  n: { task: t/num, with: { x: '${inputs.x}' } }
  o: { use: ../other.yaml, with: { v: '${n}' } }
outputs: { y: '${o}' }
",
        ),
        (
            "parts/dir.yaml",
            "nodes:
  n: { nodes: { deep: { task: t/str, with: { text: '${workflow.dir}' } } } }",
        ),
        ("other.yaml", "inputs: { v: f64 }\noutput: '${inputs.v}'\n"),
    ]);
    let draft = files.read("main.yaml");
    insta::assert_snapshot!(shown(&draft), @r#"
    None None
    node Some("a") "t/num" [("x", Const(1))] [] None None false
    node Some("b") File("parts/half.yaml") of [] [("x", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None }))] [] None None false
      input "x": f64 = None None false None
      node Some("n") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
      node Some("o") File("../other.yaml") of [] [("v", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None }))] [] None None false
        input "v": f64 = None None false None
        output "output" Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })
        result Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })
      output "y" Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None })
    node Some("c") Single of [] [] [] None None false
      map Each(Const([1, 2])) items [InputId(0)] None None by None Auto None Values
      input "item": any = None None false None Local
      node Some("c") File("parts/half.yaml") of [] [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
        input "x": f64 = None None false None
        node Some("n") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
        node Some("o") File("../other.yaml") of [] [("v", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None }))] [] None None false
          input "v": f64 = None None false None
          output "output" Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })
          result Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })
        output "y" Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None })
      result Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })
    node Some("d") Branches of [] [] [] None None false
      node Some("left") File("parts/dir.yaml") of [] [] [] None None false
        node Some("n") Nodes of [] [] [] None None false
          node Some("deep") "t/str" [("text", Ref(Ref { root: WorkflowDir, path: [], adapt: None }))] [] None None false
      node Some("right") File("parts/half.yaml") of [] [("x", Const(3))] [] None None false
        input "x": f64 = None None false None
        node Some("n") "t/num" [("x", Ref(Ref { root: Input(InputId(0)), path: [], adapt: None }))] [] None None false
        node Some("o") File("../other.yaml") of [] [("v", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None }))] [] None None false
          input "v": f64 = None None false None
          output "output" Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })
          result Ref(Ref { root: Input(InputId(0)), path: [], adapt: None })
        output "y" Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None })
      result Map([("left", Ref(Ref { root: Node(NodeId(0)), path: [], adapt: None })), ("right", Ref(Ref { root: Node(NodeId(1)), path: [], adapt: None }))])
    node Some("e") "t/num" [("x", Ref(Ref { root: Node(NodeId(1)), path: [Key("y")], adapt: None }))] [] None None false
    node Some("f") "t/num" [("x", Ref(Ref { root: Node(NodeId(2)), path: [Index(1), Key("y")], adapt: None }))] [] None None false
    "#);
    let flow = |draft: &Draft, at: usize| match &draft.nodes[at].task {
        TaskChoice::Flow(flow) => flow.draft.clone(),
        other => panic!("{other:?}"),
    };
    let half = flow(&draft, 1);
    assert_eq!((half.dir.as_deref(), half.name.as_deref()), (Some("parts"), Some("half")));
    assert_eq!(flow(&half, 1).dir.as_deref(), Some("."));
    let deep = flow(&flow(&flow(&draft, 3), 0), 0);
    assert_eq!(deep.dir.as_deref(), Some("parts"));
    assert_eq!(draft.dir, None);

    // What was linked is written as it was.
    let written = draft.write(Format::Yaml).unwrap();
    let unlinked = Draft::read(&files.source("main.yaml").unwrap()).unwrap();
    let again = Draft::read(&Source::new("again", written, Format::Yaml)).unwrap();
    assert_eq!(shown(&again), shown(&unlinked));

    for name in ["main.yaml", "parts/half.yaml", "parts/dir.yaml", "other.yaml"] {
        files.read(name).validate(&Aliases).unwrap_or_else(|problems| panic!("{name}: {problems}"));
    }
}

#[test]
fn what_is_wrong_in_a_file_is_shown_there_and_once() {
    let files = Files::new(&[
        (
            "main.yaml",
            "nodes:
  a: { use: wrong.yaml, with: { y: 1 } }
  b: { use: wrong.yaml, with: { x: abc } }
  c: { nodes: { d: { use: gone.yaml } } }
  e: { use: gone.yaml }
  f: { use: broken.yaml }
  g: { use: '' }
  h: { task: t/nmu }
  i: { task: t/any, with: { x: '${b.z}' } }
",
        ),
        (
            "wrong.yaml",
            "inputs: { x: f64 }
nodes:
  n: { task: t/num, with: { x: '${a}', y: 1 }, kep: true }
  m: { task: t/nmu }
  o: { use: further.yaml }
outputs: { y: '${n}' }
",
        ),
        (
            "further.yaml",
            "nodes: { n: { map: { over: '${x}' }, task: t/num, with: { x: '${item}' } } }",
        ),
        ("broken.yaml", "nodes: { n: ["),
    ]);
    insta::assert_snapshot!(files.problems("main.yaml"), @r"
    main.yaml:3:3: missing input `x: f64` of `wrong.yaml` (give a value in `with`)
        a
    main.yaml:3:33: `wrong.yaml` has no input `y` (it takes x: f64)
        y
    main.yaml:4:36: input `x` of `wrong.yaml`: expected f64, found a string
        abc
    main.yaml:5:27: cannot use `gone.yaml`: there is no gone.yaml (a path is relative to the file that names it)
        gone.yaml
    main.yaml:6:13: cannot use `gone.yaml`: there is no gone.yaml
        gone.yaml
    main.yaml:8:13: `use` of node `g` is empty
        \'\'
    main.yaml:9:14: unknown task `t/nmu` (did you mean `t/num`?)
        t/nmu
    main.yaml:10:32: input `x` of `t/any`: `${b.z}` selects no field `z` of {y: f64}; it has y
        \'${b.z}\'
    wrong.yaml:4:35: unknown node `a`
        a
    wrong.yaml:4:40: `t/num` has no input `y` (it takes x: f64)
        y
    wrong.yaml:4:48: unknown key `kep` in node `n` (did you mean `keep`?)
        kep
    wrong.yaml:5:14: unknown task `t/nmu` (did you mean `t/num`?)
        t/nmu
    further.yaml:2:31: unknown node `x`
        x
    broken.yaml:2:13: not valid YAML: this bracket is never closed (add the missing `]` or `}`)
        [
    ");
}

#[test]
fn files_that_use_each_other_in_a_circle_are_named() {
    let files = Files::new(&[
        ("a.yaml", "nodes: { n: { use: b.yaml }, m: { use: b.yaml } }"),
        ("b.yaml", "nodes: { n: { steps: [{ use: c.yaml }] } }"),
        ("c.yaml", "nodes: { n: { use: x/../b.yaml } }"),
        ("x/../b.yaml", "nodes: {}"),
        ("self.yaml", "nodes: { n: { use: self.yaml } }"),
    ]);
    insta::assert_snapshot!(files.problems("a.yaml"), @"
    c.yaml:2:20: these files use each other: `b.yaml` → `c.yaml` → `x/../b.yaml` (a workflow cannot contain itself; a `loop` runs one again and again)
        x/../b.yaml
    ");
    insta::assert_snapshot!(files.problems("self.yaml"), @"
    self.yaml:2:20: these files use each other: `self.yaml` → `self.yaml` (a workflow cannot contain itself; a `loop` runs one again and again)
        self.yaml
    ");
}

#[test]
fn depth_and_size_have_limits() {
    let names: Vec<&'static str> =
        (0..18).map(|at| &*Box::leak(format!("f{at}.yaml").into_boxed_str())).collect();
    let chain: Vec<(&'static str, String)> = names
        .windows(2)
        .map(|pair| (pair[0], format!("nodes: {{ n: {{ use: {} }} }}", pair[1])))
        .chain([(names[17], "nodes: {}".to_owned())])
        .collect();
    let chain: Vec<(&'static str, &str)> =
        chain.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let files = Files::new(&chain);
    assert!(files.read("f2.yaml").problems.is_empty());
    insta::assert_snapshot!(files.problems("f1.yaml"), @"
    f16.yaml:2:20: files use each other more than 16 deep
        f17.yaml
    ");

    // Each uses the next one forty times: no machine could hold all of them.
    let many = |name: &str| {
        let uses: String = (0..40).map(|at| format!("  n{at}: {{ use: {name} }}\n")).collect();
        format!("nodes:\n{uses}")
    };
    let bomb: Vec<(&'static str, String)> =
        names[..12].windows(2).map(|pair| (pair[0], many(pair[1]))).collect();
    let mut bomb: Vec<(&'static str, &str)> =
        bomb.iter().map(|(name, text)| (*name, text.as_str())).collect();
    bomb.push((names[11], "nodes: {}"));
    let problems = Files::new(&bomb).read("f0.yaml").problems;
    assert_eq!(problems.len(), 1);
    insta::assert_snapshot!(problems[0], @"f8.yaml:12:14: with this file, more than 16777216 bytes of files that use each other (each counts as often as it is used)");
}

#[test]
fn a_deep_chain_of_deep_files_fits_on_the_stack() {
    let names: Vec<&'static str> =
        (0..16).map(|at| &*Box::leak(format!("f{at}.yaml").into_boxed_str())).collect();
    let deep = |inner: &str| {
        let mut text = inner.to_owned();
        for level in 0..28 {
            text = format!("{{ nodes: {{ n{level}: {text} }} }}");
        }
        format!("nodes: {{ top: {text} }}")
    };
    let texts: Vec<String> = names[1..]
        .iter()
        .map(|name| deep(&format!("{{ use: {name} }}")))
        .chain([deep("{ task: t/any }")])
        .collect();
    let files: Vec<(&'static str, &str)> =
        names.iter().zip(&texts).map(|(name, text)| (*name, text.as_str())).collect();
    let files = Files::new(&files);
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let said = thread.spawn(move || files.problems("f0.yaml")).unwrap().join().unwrap();
    assert!(said.contains("workflows are nested more than 128 deep"), "{said}");
}

#[test]
fn the_packs_of_all_files_become_those_of_the_first() {
    let files = Files::new(&[
        (
            "main.yaml",
            "packs: { t: ^1, q: { pack: quantum, version: ^0.1 } }
nodes:
  a: { task: t/any }
  b: { use: same.yaml }
  c: { nodes: { d: { use: other.yaml } } }
  e: { use: bare.yaml }
",
        ),
        ("same.yaml", "packs: { t: ^1 }\nnodes: { a: { task: t/any } }"),
        (
            "other.yaml",
            "packs: { t: { pack: tests, version: =2.0.0 }, stats: '*' }
nodes:
  a: { map: { over: [1, 2], reduce: t/add }, task: t/num, with: { x: '${item}' } }
  b: { nodes: { c: { use: same.yaml }, d: { task: t/any } } }
  e: { use: deeper.yaml }
",
        ),
        (
            "deeper.yaml",
            "packs: { t: { pack: tests, version: =2.0.0 } }\nnodes: { n: { task: t/any } }",
        ),
        ("bare.yaml", "nodes: { n: { task: t/any }, m: { task: t/num, with: { x: 1 } } }"),
        ("bare-main.yaml", "nodes: { n: { task: t/any }, m: { use: bare.yaml } }"),
        ("half-bare.yaml", "nodes: { n: { task: t/any }, m: { use: same.yaml } }"),
    ]);
    let draft = files.read("main.yaml");
    insta::assert_snapshot!(packs(&draft), @"
    t: t ^1 (t)
    q: quantum ^0.1 (q)
    t~2: tests =2.0.0 (other.yaml)
    stats: stats * (other.yaml)
    t~3: t * (bare.yaml)
    ");
    insta::assert_snapshot!(draft.task_names().join(" "), @"t/any t~2/add t~2/any t~2/num t~3/any t~3/num");
    insta::assert_snapshot!(packs(&files.read("half-bare.yaml")), @"
    t: t * ()
    t~2: t ^1 (same.yaml)
    ");
    assert!(files.read("bare-main.yaml").packs.is_empty());
    // People see the names as they are written.
    let workflow = files.read("other.yaml").validate(&Aliases).unwrap();
    let json = workflow.to_graph_json().to_string();
    assert!(!json.contains('~'), "{json}");
    let written = draft.write(Format::Yaml).unwrap();
    assert!(!written.contains('~'), "{written}");
}

#[test]
fn a_file_finds_only_the_packs_that_it_declares() {
    let files = Files::new(&[
        (
            "main.yaml",
            "packs: { quantum: ^1 }\nnodes: { a: { use: other.yaml }, b: { task: t/any }, c: { task: q/x } }",
        ),
        (
            "other.yaml",
            "packs: { t: ^1 }\nnodes: { a: { task: quantum/compute_energy, with: { terms: [] } } }",
        ),
        ("wrong.yaml", "packs: { t: ^1 }\nnodes: { a: { use: renamed.yaml } }"),
        (
            "renamed.yaml",
            "packs: { t: ^2 }\nnodes: { a: { task: t/ayn }, b: { map: { over: [1], reduce: t/nothing }, task: t/any } }",
        ),
    ]);
    insta::assert_snapshot!(files.problems("main.yaml"), @r#"
    main.yaml:3:45: unknown task `t/any` (add `t` to `packs:` of this file, as in `t: "^0.1"`)
        t/any
    main.yaml:3:65: unknown task `q/x` (add `q` to `packs:`, as in `packs: { q: "^0.1" }`)
        q/x
    other.yaml:3:21: unknown task `quantum/compute_energy` (add `quantum` to `packs:` of this file, as in `quantum: "^0.1"`)
        quantum/compute_energy
    "#);
    insta::assert_snapshot!(files.problems("wrong.yaml"), @"
    renamed.yaml:3:21: unknown task `t/ayn` (did you mean `t/any`?)
        t/ayn
    renamed.yaml:3:61: unknown task `t/nothing` to reduce with (`t` has: add, any, join, num, str, yes)
        t/nothing
    ");
}

#[test]
fn a_workflow_that_is_in_no_file_uses_none() {
    let value = terrace_core::value_from_json(
        r#"{"nodes": {"a": {"use": "b.yaml"}, "c": {"nodes": {"d": {"use": "e.yaml"}}}}}"#,
    );
    let mut draft = Draft::from_value(&value.unwrap()).unwrap();
    draft.link(&mut |_, _| panic!("nothing to open"));
    insta::assert_snapshot!(draft.validate(&Aliases).unwrap_err(), @"
    node `a`: cannot use `b.yaml` from here (a path is relative to a file, and this workflow is in none)
    node `d`: cannot use `e.yaml` from here (a path is relative to a file, and this workflow is in none)
    ");
}
