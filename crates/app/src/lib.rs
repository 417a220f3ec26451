//! The binary's parts: settings, the pipeline that joins the crates, the service
//! that runs it, the API that shows it, the command line that does both by hand.

pub mod api;
pub mod backup;
pub mod cli;
pub mod config;
pub mod pipeline;
pub mod service;
pub mod system;
