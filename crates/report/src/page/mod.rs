//! The report of a run: one HTML page that needs nothing else.
//!
//! What the page shows is made here: [`rows`] turn a record into what ran, [`shown`] picks those that are
//! shown and [`values`] what they were given, [`graph`] has nodes, edges and their places, [`series`]
//! counts over time, [`critical`] finds the path that took longest, [`texts`] are there once, [`data`] puts
//! it all into JSON within bounds, [`shell`] puts that, the styles, the script and the
//! libraries into a page. How it is shown is the script's business, in `assets`.

mod critical;
mod data;
mod graph;
mod rows;
mod series;
mod shell;
mod shown;
mod texts;
mod values;

use crate::record::Record;

impl Record {
    /// A page to look at the run with: graph, times of each thread, counts over time, every node. It
    /// loads nothing, and the same record gives the same bytes. Takes time and room in proportion to
    /// nodes, edges and attempts: a hundred thousand nodes are about 10 MB. Of more than 200,000 nodes
    /// and items the failures and the first are shown, and how many are not.
    ///
    /// ```
    /// use terrace_report::Record;
    ///
    /// let text = r#"{"terrace_record":1,"workflow":"sum","own":1,"nodes":[{"name":"a","task":"math/add"}]}
    /// {"k":"start","at":100,"node":0,"worker":0}
    /// "#;
    /// let page = Record::read(text.as_bytes())?.to_html();
    /// assert!(page.starts_with("<!DOCTYPE html>"));
    /// # Ok::<(), terrace_report::RecordError>(())
    /// ```
    pub fn to_html(&self) -> String {
        shell::page(&data::Data::of(self))
    }
}
