//! Tables, documents and pictures of forecasts.

use std::time::Duration;

use terrace_core::{NoTasks, RunIf, WorkflowBuilder};
use terrace_forecast::wfformat::Instance;
use terrace_forecast::{Assumptions, Forecast};
use terrace_scheduler::Order;

use crate::generate::workflow_of;

/// Four tasks of 1, 2, 3 and 4 s, then one of 1 s.
fn join() -> Instance {
    let work = |at: u64| format!(r#"{{"id": "work_{at}", "runtime": {at}}}"#);
    let tasks: Vec<String> = (1..=4).map(work).collect();
    let join =
        r#"{"id": "join", "runtime": 1, "parents": ["work_1", "work_2", "work_3", "work_4"]}"#;
    let text =
        format!(r#"{{"name": "join", "workflow": {{"tasks": [{}, {join}]}}}}"#, tasks.join(","));
    Instance::read("join.json", &text).unwrap()
}

fn both(workers: &[u32]) -> Forecast {
    let orders = [Order::Dataflow, Order::Levels];
    Forecast::of(&workflow_of(&join()), &Assumptions::default(), &orders, workers).unwrap()
}

#[test]
fn a_forecast_is_a_table_for_each_order() {
    insta::assert_snapshot!(both(&[1, 2, 4]).to_text(), @r"
    join: 5 tasks, 11 s one after the other, critical path 5 s

    dataflow order
    workers  makespan  at least  within  utilisation  speed-up  worker time
          1      11 s      11 s     0 %        100 %     1.00×         11 s
          2       6 s       6 s     0 %       91.7 %     1.83×         12 s
          4       5 s       5 s     0 %       55.0 %     2.20×         20 s

    levels order
    workers  makespan  at least  within  utilisation  speed-up  worker time
          1      11 s      11 s     0 %        100 %     1.00×         11 s
          2       6 s       6 s     0 %       91.7 %     1.83×         12 s
          4       5 s       5 s     0 %       55.0 %     2.20×         20 s
    ");
}

#[test]
fn a_document_has_the_same_numbers() {
    let forecast = both(&[2]);
    let document = forecast.to_json();
    assert_eq!(document["format"], 1);
    assert_eq!(document["critical_path"], 5.0);
    let row = &document["rows"][0];
    assert_eq!(
        (&row["makespan"], &row["workers"], &row["order"]),
        (&6.0.into(), &2.into(), &"dataflow".into())
    );
    assert!((row["utilisation"].as_f64().unwrap() - 11.0 / 12.0).abs() < 1e-12);
    assert!((row["speed_up"].as_f64().unwrap() - 11.0 / 6.0).abs() < 1e-12);
    assert_eq!(row["worker_time"], 12.0);
}

#[test]
fn a_picture_is_a_line_for_each_order_and_the_same_each_time() {
    let svg = both(&[1, 2, 4]).to_svg();
    assert_eq!(svg, both(&[1, 2, 4]).to_svg());
    assert_eq!(svg.matches("<polyline").count(), 4);
    assert_eq!(svg.matches("<circle").count(), 12);
    assert!(svg.contains("<title>4 workers, dataflow order: 5 s</title>"), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"));
    // One number of workers is a picture too.
    assert!(!both(&[3]).to_svg().contains("NaN"));
}

#[test]
fn what_is_stopped_counts_as_far_as_it_came() {
    let seconds = Duration::from_secs;
    for clean_up in [0, 4] {
        let wf = WorkflowBuilder::new("early");
        let quick = wf.call(|| 0_i64, ()).expected(seconds(1));
        let long = wf.call(|| 0_i64, ()).expected(seconds(60)).named("long");
        let map = wf.map(0..2_i64, |body, item| {
            body.call(|item: i64| item, (&item,)).expected(seconds(30))
        });
        let _ = wf.succeed().after(&quick);
        if clean_up > 0 {
            let end = wf.call(|| 0_i64, ()).after(&long).after(&map).expected(seconds(clean_up));
            let _ = end.run_if(RunIf::Always);
        }
        let workflow = wf.build(&NoTasks).unwrap();
        let orders = [Order::Dataflow];
        let forecast =
            Forecast::of(&workflow, &Assumptions::default(), &orders, &[1, 2, 4, 8]).unwrap();
        for row in &forecast.rows {
            let busy = row.utilisation.unwrap();
            assert!(busy <= 1.0 && row.speed_up <= row.workers.into(), "{row:?}");
            if row.workers == 4 && clean_up == 0 {
                assert_eq!((row.makespan, busy), (seconds(1), 1.0));
            }
        }
    }
}

#[test]
fn costs_items_and_limits_count() {
    let wf = WorkflowBuilder::new("ask");
    let pages = wf.call(|| vec![0_i64; 3], ()).named("pages").expected(Duration::from_secs(1));
    let ask = wf.map(&pages, |body, page| {
        body.call(|page: i64| page, (&page,)).expected(Duration::from_secs(2))
    });
    wf.output("ask", &ask.named("ask"));
    let wf = wf.build(&NoTasks).unwrap();
    let forecast = |items: &[(String, u64)]| {
        let assumptions = Assumptions { items: items.to_vec(), ..Assumptions::default() };
        Forecast::of(&wf, &assumptions, &[Order::Dataflow], &[4])
    };
    let one = forecast(&[]).unwrap();
    assert_eq!(one.rows[0].makespan, Duration::from_secs(3));
    assert_eq!(
        one.assumed,
        ["`ask` has 1 item: only a run knows how many `pages` gives; `--items` says otherwise"]
    );
    for name in ["ask", "pages"] {
        let ten = forecast(&[(name.to_owned(), 10)]).unwrap();
        assert_eq!((ten.tasks, ten.rows[0].makespan), (11, Duration::from_secs(7)), "{name}");
        assert_eq!(ten.critical_path, Duration::from_secs(3));
        assert!(ten.assumed.is_empty());
    }
    let wrong = forecast(&[("asc".to_owned(), 10)]).unwrap_err();
    assert!(wrong.to_string().contains("`asc`"), "{wrong}");
}
