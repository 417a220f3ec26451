//! The whole system in a fake world.

#[cfg(test)]
mod api;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod import;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod reprocess;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod story;
#[cfg(test)]
mod world;
