//! One workflow, three ways: typed in Rust, in a YAML file, by task names at run time. The plan,
//! the levels and the answer are the same.

use terrace::core::Workflow;
use terrace::prelude::*;
use terrace_tests::{built, root};

/// What `quantum/measure_pauli` gives.
#[derive(Record, Clone, Debug)]
struct Term {
    pauli: String,
    value: f64,
}

const TERMS: [&str; 5] = ["zi", "iz", "zz", "xx", "yy"];

fn engine() -> Engine {
    Engine::builder().workers(2).pack_folder(&built().packs).build().unwrap()
}

fn typed(engine: &Engine) -> Workflow {
    let wf = engine.workflow("vqe-h2");
    wf.pack("quantum", "^0.1");
    let theta = wf.input::<f64>("theta").with_default(-0.22368);
    let build_ansatz = wf.import::<(f64,), Value>("quantum/build_ansatz");
    let measure = wf.import::<(Value, String), Term>("quantum/measure_pauli");
    let compute = wf.import::<(Vec<Term>,), f64>("quantum/compute_energy");
    let ansatz = build_ansatz.call((&theta,)).named("ansatz");
    let terms: Vec<Handle<Term>> =
        TERMS.iter().map(|name| measure.call((&ansatz, name.to_uppercase())).named(name)).collect();
    let energy = compute.call((terms,)).named("energy");
    wf.output("energy", &energy);
    engine.build(wf).unwrap()
}

fn by_name(engine: &Engine) -> Workflow {
    let wf = engine.workflow("vqe-h2");
    wf.pack("quantum", "^0.1");
    let theta = wf.input::<f64>("theta").with_default(-0.22368);
    let ansatz = wf.task("quantum/build_ansatz").arg("theta", &theta).add().named("ansatz");
    let terms: Vec<Handle<Value>> = TERMS
        .iter()
        .map(|name| {
            wf.task("quantum/measure_pauli")
                .arg("circuit", &ansatz)
                .arg("pauli", name.to_uppercase())
                .add()
                .named(name)
        })
        .collect();
    let energy = wf.task("quantum/compute_energy").arg("terms", terms).add().named("energy");
    wf.output("energy", &energy);
    engine.build(wf).unwrap()
}

#[test]
fn typed_file_and_named_give_the_same_plan_levels_and_answer() {
    let engine = engine();
    let file = engine.read(root().join("examples/vqe-h2.yaml")).unwrap();
    let all = [typed(&engine), by_name(&engine), file];
    let graph = all[2].to_graph_json();
    for workflow in &all {
        assert_eq!(workflow.to_graph_json(), graph);
        let plan = workflow.plan();
        let indices: Vec<_> = plan.indices().map(|at| plan.node(at).name().to_owned()).collect();
        assert_eq!(indices, ["ansatz", "zi", "iz", "zz", "xx", "yy", "energy"]);
        for order in [Order::Dataflow, Order::Levels] {
            let report = engine.run(workflow, &RunRequest::new().order(order)).unwrap();
            assert_eq!(report.status, RunStatus::Succeeded);
            let energy = report.output("energy").unwrap().as_ref().unwrap().as_f64().unwrap();
            assert!((energy - -1.1373060274).abs() < 1e-9, "{energy}");
        }
    }
}

/// Pack tasks, closures and Rust types of the program's own in one workflow.
#[test]
fn closures_and_pack_tasks_exchange_records() {
    let engine = engine();
    let wf = engine.workflow("mixed");
    let measure = wf.import::<(Value, String), Term>("quantum/measure_pauli");
    let ansatz = wf.task("quantum/build_ansatz").arg("theta", 0.0).add();
    let term = measure.call((&ansatz, "ZI"));
    // A record from a pack into a closure, a private type between closures, a record back to a pack.
    struct Private(f64);
    let private = wf.call_ref(|term: &Term| Private(term.value * 2.0), (&term,));
    let back = wf.call_ref(
        |private: &Private| Term { pauli: "ZZ".to_owned(), value: private.0 },
        (&private,),
    );
    let same = wf.task("util/identity").arg("value", &back).add();
    let field = back.field::<f64>("value");
    wf.output("same", &same);
    wf.output("value", &field);
    let workflow = engine.build(wf).unwrap();
    let report = engine.run(&workflow, &RunRequest::new()).unwrap();
    assert_eq!(report.status, RunStatus::Succeeded, "{report:?}");
    let read: Term = report.get(&back).unwrap();
    let same = report.output("same").unwrap().as_ref().unwrap();
    assert_eq!(same.get("value").and_then(Value::as_f64), Some(read.value));
    assert_eq!(read.value, report.output("value").unwrap().as_ref().unwrap().as_f64().unwrap());
    assert_eq!(read.pauli, "ZZ");
}

#[test]
fn packs_linked_into_the_program_need_no_file() {
    let engine = Engine::builder().static_pack(terrace_pack_math::pack()).build().unwrap();
    let wf = engine.workflow("linked");
    let add = wf.import::<(i64, i64), i64>("math/add");
    let c = add.call((add.call((1, 2)), add.call((3, 4))));
    wf.output("sum", &c);
    let workflow = engine.build(wf).unwrap();
    let report = engine.run(&workflow, &RunRequest::new()).unwrap();
    assert_eq!(report.get(&c).unwrap(), 10);
}
