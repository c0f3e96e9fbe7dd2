//! `terrace graph`: a workflow's graph as levels, DOT, Mermaid, SVG or JSON.

use terrace::Engine;

use crate::args::{GraphArgs, GraphFormat};
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

pub(crate) fn graph(args: &GraphArgs, output: &mut Output) -> Exit {
    let json = matches!(args.format, GraphFormat::Json);
    let engine = match Engine::builder().workers(0).pack_path(args.packs.path()).build() {
        Ok(engine) => engine,
        Err(error) => return problem::report(&error, json, output),
    };
    match engine.describe(&args.file) {
        Ok(workflow) => {
            match args.format {
                GraphFormat::Levels => output.text(&workflow.to_levels_text()),
                GraphFormat::Dot => output.text(&workflow.to_dot()),
                GraphFormat::Mermaid => output.text(&workflow.to_mermaid()),
                GraphFormat::Svg => output.text(&workflow.to_svg()),
                GraphFormat::Json => output.json(&workflow.to_graph_json()),
            }
            Exit::Success
        }
        Err(error) => problem::report(&error, json, output),
    }
}
