//! Forecasts through the public interface.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

mod bounds;
mod explain;
mod forecast;
mod generate;
mod least;
mod naive;
mod times;
mod wfformat;
