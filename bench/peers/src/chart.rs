//! [`draw`]: ratios to the baseline as bars, one chart per number of nodes, SVG and PNG.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use epaint_default_fonts::UBUNTU_LIGHT;
use plotters::coord::Shift;
use plotters::prelude::*;
use resvg::{tiny_skia, usvg};

use crate::table::{self, Results, Row, unique};

type Done<T> = Result<T, Box<dyn Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Size of one panel, and of the line above all.
const PANEL: (u32, u32) = (680, 300);
const HEAD: u32 = 84;
/// The font of the PNG; in the SVG whatever the viewer has.
const FONT: &str = "Ubuntu";
const STYLE: &str = "Ubuntu, sans-serif";

/// Draws a result; gives the names of the files.
pub(crate) fn draw(results: &Results, folder: &Path) -> Done<String> {
    let mut files = Vec::new();
    let mut sizes: Vec<usize> = results.rows.iter().map(|row| row.case.nodes).collect();
    sizes.sort_unstable();
    sizes.dedup();
    for nodes in sizes {
        let rows: Vec<&Row> = results.rows.iter().filter(|row| row.case.nodes == nodes).collect();
        let name = format!("peers-{nodes}");
        let svg = chart(&rows, nodes, &results.machine.to_string())?;
        fs::write(folder.join(format!("{name}.svg")), &svg)?;
        fs::write(folder.join(format!("{name}.png")), png(&svg)?)?;
        files.extend([format!("{name}.svg"), format!("{name}.png")]);
    }
    Ok(files.join(", "))
}

/// A row of panels per body, a column per number of threads.
fn chart(rows: &[&Row], nodes: usize, machine: &str) -> Done<String> {
    let bodies = unique(rows.iter().map(|row| row.case.body.as_str()));
    let mut threads: Vec<usize> = rows.iter().map(|row| row.case.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    // The baseline is the line at 1.
    let peers = unique(rows.iter().map(|row| row.peer.as_str()).filter(|&peer| peer != "cb"));
    let size = (PANEL.0 * threads.len() as u32, PANEL.1 * bodies.len() as u32 + HEAD);
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        root.fill(&WHITE)?;
        let (head, body) = root.split_vertically(HEAD);
        let title =
            format!("{nodes} nodes: time per node as a ratio to cb, medians, lower is better");
        head.draw_text(&title, &(STYLE, 19).into_text_style(&head), (12, 8))?;
        head.draw_text(
            machine,
            &(STYLE, 12).into_text_style(&head).color(&BLACK.mix(0.6)),
            (12, 34),
        )?;
        let mut left = 12;
        for (at, &peer) in peers.iter().enumerate() {
            let swatch = [(left, 62), (left + 11, 73)];
            head.draw(&Rectangle::new(swatch, color(peer, at).filled()))?;
            head.draw_text(peer, &(STYLE, 13).into_text_style(&head), (left + 16, 60))?;
            left += 44 + 7 * peer.len() as i32;
        }
        let panels = body.split_evenly((bodies.len(), threads.len()));
        for (at, panel) in panels.iter().enumerate() {
            let (body, threads) = (bodies[at / threads.len()], threads[at % threads.len()]);
            let is_of = |row: &&&Row| row.case.body == body && row.case.threads == threads;
            let rows: Vec<&Row> = rows.iter().filter(is_of).copied().collect();
            self::panel(panel, &format!("{body}, {}", table::threads(threads)), &rows, &peers)?;
        }
        root.present()?;
    }
    Ok(svg)
}

fn panel(area: &Area<'_>, title: &str, rows: &[&Row], peers: &[&str]) -> Done<()> {
    let shapes = unique(rows.iter().map(|row| row.case.shape.as_str()));
    let ratios = || rows.iter().filter_map(|row| row.to_cb);
    // Whole decades around the data, and the baseline.
    let decade = |ratio: f64| ratio.log10();
    let low = 10_f64.powf(ratios().map(decade).fold(-0.3, f64::min).floor());
    let high = 10_f64.powf(ratios().map(decade).fold(0.3, f64::max).ceil());
    let mut chart = ChartBuilder::on(area)
        .caption(title, (STYLE, 15))
        .margin(8)
        .x_label_area_size(24)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..shapes.len() as f64, (low..high).log_scale())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(0)
        .y_label_formatter(&|ratio| format!("{ratio}×"))
        .label_style((STYLE, 11))
        .light_line_style(BLACK.mix(0.05))
        .draw()?;
    let (corner_x, corner_y) = area.get_base_pixel();
    for (at, shape) in shapes.iter().enumerate() {
        // Of the whole picture, while a panel counts from its own corner.
        let (x, y) = chart.backend_coord(&(at as f64 + 0.5, low));
        let place = (x - corner_x - 3 * shape.len() as i32, y - corner_y + 8);
        area.draw_text(shape, &(STYLE, 12).into_text_style(area), place)?;
    }
    let width = 0.86 / peers.len() as f64;
    for (bar, &peer) in peers.iter().enumerate() {
        let color = color(peer, bar);
        let bars = rows.iter().filter(|row| row.peer == peer).filter_map(|row| {
            let group = shapes.iter().position(|&shape| shape == row.case.shape)?;
            let left = group as f64 + 0.07 + bar as f64 * width;
            // Bars grow from the baseline, so that what is faster hangs and what is slower stands.
            Some(Rectangle::new([(left, 1.0), (left + width * 0.9, row.to_cb?)], color.filled()))
        });
        chart.draw_series(bars)?;
    }
    chart.draw_series([PathElement::new(vec![(0.0, 1.0), (shapes.len() as f64, 1.0)], BLACK)])?;
    Ok(())
}

/// Terrace in red, the rest in colours that stay apart for most eyes.
fn color(peer: &str, at: usize) -> RGBColor {
    const OTHERS: [RGBColor; 9] = [
        RGBColor(0x99, 0x99, 0x99),
        RGBColor(0x56, 0xb4, 0xe9),
        RGBColor(0x00, 0x72, 0xb2),
        RGBColor(0x00, 0x9e, 0x73),
        RGBColor(0x8c, 0xc8, 0x50),
        RGBColor(0xcc, 0x79, 0xa7),
        RGBColor(0xe6, 0x9f, 0x00),
        // Terrace's own place where all peers are measured.
        RGBColor(0x8b, 0x5a, 0x2b),
        RGBColor(0x3b, 0x3b, 0x6d),
    ];
    if peer.starts_with("terrace") { RGBColor(0xd5, 0x10, 0x1e) } else { OTHERS[at % OTHERS.len()] }
}

fn png(svg: &str) -> Done<Vec<u8>> {
    let mut options = usvg::Options { font_family: FONT.to_owned(), ..usvg::Options::default() };
    let fonts = Arc::make_mut(&mut options.fontdb);
    // A machine without fonts would draw a chart without a word.
    fonts.load_font_data(UBUNTU_LIGHT.to_vec());
    fonts.set_sans_serif_family(FONT);
    let tree = usvg::Tree::from_str(svg, &options)?;
    let size = tree.size().to_int_size();
    let mut image = tiny_skia::Pixmap::new(size.width(), size.height()).ok_or("an empty chart")?;
    resvg::render(&tree, tiny_skia::Transform::identity(), &mut image.as_mut());
    Ok(image.encode_png()?)
}
