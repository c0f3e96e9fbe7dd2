//! A [`Forecast`] as a picture: makespan and utilisation over the number of workers.
//!
//! SVG by hand, the same text for the same numbers. Workers go by powers of two, times from zero.

use std::fmt::Write as _;

use terrace_core::show_duration;
use terrace_scheduler::Order;

use crate::forecast::{Forecast, Row};
use crate::shown::time;
use crate::table::name;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 90.0;
const TOP: f64 = 50.0;
const GAP: f64 = 70.0;
const RIGHT: f64 = 20.0;

/// One of the two plots.
struct Panel<'f> {
    top: f64,
    title: &'f str,
    most: f64,
    label: fn(f64) -> String,
    value: fn(&Row) -> Option<f64>,
}

impl Forecast {
    /// An SVG picture of two plots above each other, makespan and utilisation over workers, a line
    /// for each order; the dashed line is the critical path.
    pub fn to_svg(&self) -> String {
        let longest = self.rows.iter().map(|row| row.makespan.as_secs_f64()).fold(0.0, f64::max);
        let panels = [
            Panel {
                top: TOP,
                title: "makespan",
                most: rounded_up(longest),
                label: |seconds| seconds_shown(seconds),
                value: |row| Some(row.makespan.as_secs_f64()),
            },
            Panel {
                top: TOP + HEIGHT + GAP,
                title: "utilisation of the workers",
                most: 1.0,
                label: |part| format!("{:.0} %", part * 100.0),
                value: |row| row.utilisation,
            },
        ];
        let (width, height) = (LEFT + WIDTH + RIGHT, TOP + 2.0 * HEIGHT + GAP + 60.0);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{}</text>\n",
            escaped(&self.workflow),
        );
        for panel in &panels {
            self.panel(&mut svg, panel);
        }
        let path = self.critical_path.as_secs_f64();
        if path > 0.0 && path <= panels[0].most {
            let y = panels[0].y(path);
            // Writing to a string cannot fail.
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#888\" \
                 stroke-dasharray=\"4 3\"><title>critical path {}</title></line>",
                LEFT + WIDTH,
                time(self.critical_path),
            );
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn panel(&self, svg: &mut String, panel: &Panel<'_>) {
        let bottom = panel.top + HEIGHT;
        // Writing to a string cannot fail.
        let _ = writeln!(
            svg,
            "<text x=\"{LEFT}\" y=\"{:.1}\" fill=\"#444\">{}</text>",
            panel.top - 8.0,
            panel.title
        );
        for tick in 0..=4 {
            let value = panel.most * f64::from(tick) / 4.0;
            let y = panel.y(value);
            let _ = writeln!(
                svg,
                "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{:.1}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT + WIDTH,
                LEFT - 6.0,
                y + 4.0,
                (panel.label)(value),
            );
        }
        let mut last = f64::NEG_INFINITY;
        for workers in self.workers() {
            let x = self.x(workers);
            if x - last < 28.0 {
                continue;
            }
            last = x;
            let y = bottom + 16.0;
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{workers}</text>"
            );
        }
        let x = LEFT + WIDTH / 2.0;
        let y = bottom + 32.0;
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"middle\">workers</text>");
        for (order, colour) in [(Order::Dataflow, "#1f6fb2"), (Order::Levels, "#d1731a")] {
            let rows = self.rows.iter().filter(|row| row.order == order);
            let mut points: Vec<(u32, f64)> =
                rows.filter_map(|row| Some((row.workers, (panel.value)(row)?))).collect();
            points.sort_by_key(|(workers, _)| *workers);
            let Some(&(end, value)) = points.last() else { continue };
            let line: Vec<String> = points
                .iter()
                .map(|&(workers, value)| format!("{:.1},{:.1}", self.x(workers), panel.y(value)))
                .collect();
            let _ = writeln!(
                svg,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                line.join(" ")
            );
            for &(workers, value) in &points {
                let _ = writeln!(
                    svg,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"><title>{workers} \
                     workers, {} order: {}</title></circle>",
                    self.x(workers),
                    panel.y(value),
                    name(order),
                    (panel.label)(value),
                );
            }
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"{colour}\">{}</text>",
                self.x(end),
                panel.y(value) - 8.0,
                name(order),
            );
        }
    }

    /// The numbers of workers, each once, ascending.
    fn workers(&self) -> Vec<u32> {
        let mut workers: Vec<u32> = self.rows.iter().map(|row| row.workers).collect();
        workers.sort_unstable();
        workers.dedup();
        workers
    }

    fn x(&self, workers: u32) -> f64 {
        let all = self.workers();
        let log = |workers: u32| f64::from(workers.max(1)).log2();
        let (first, last) = match (all.first(), all.last()) {
            (Some(&first), Some(&last)) if last > first => (log(first), log(last)),
            _ => return LEFT + WIDTH / 2.0,
        };
        LEFT + WIDTH * (log(workers) - first) / (last - first)
    }
}

impl Panel<'_> {
    fn y(&self, value: f64) -> f64 {
        let part = if self.most > 0.0 { value / self.most } else { 0.0 };
        self.top + HEIGHT * (1.0 - part)
    }
}

/// The next round number of seconds: 1, 2, 4, 5 or 8 times a power of ten.
fn rounded_up(seconds: f64) -> f64 {
    if seconds <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(seconds.log10().floor());
    let round = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0].into_iter().map(|digit| digit * power);
    round.into_iter().find(|&round| round >= seconds).unwrap_or(seconds)
}

fn seconds_shown(seconds: f64) -> String {
    std::time::Duration::try_from_secs_f64(seconds)
        .map(time)
        .unwrap_or_else(|_| show_duration(std::time::Duration::MAX))
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}
