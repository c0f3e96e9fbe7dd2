//! The http pack: requests to web servers, with their answers as values.
//!
//! The tasks are [`get`], [`post`] and [`request`]; what they have in common is a [`call`], made
//! by the one [`agent`] of the process on a thread that [`exchange`] watches over. [`answer`] turns
//! what came back into the output, [`failure`] into an error, neither with a secret in it.
#![forbid(unsafe_code)]

mod agent;
pub mod answer;
mod call;
mod exchange;
mod failure;
pub mod get;
pub mod payload;
pub mod post;
mod redirect;
pub mod request;
mod retry_after;
mod url;

terrace_plugin_api::export_pack! {
    name: http,
    description: "Requests to web servers.",
    tasks: [get::get, post::post, request::request]
}
