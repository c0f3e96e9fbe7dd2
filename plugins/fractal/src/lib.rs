//! The fractal pack: the Mandelbrot set in bands of rows, and a picture of it.
#![forbid(unsafe_code)]

pub mod band;
pub mod mandelbrot;
pub mod picture;
pub mod view;

terrace_plugin_api::export_pack! {
    name: fractal,
    description: "The Mandelbrot set in bands of rows, and a picture of it.",
    tasks: [
        band::bands,
        mandelbrot::mandelbrot,
        band::join,
        picture::png,
    ]
}
