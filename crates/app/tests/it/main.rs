//! The whole system in a fake world.

#[cfg(test)]
mod api;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod import;
#[cfg(test)]
mod keeping;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod learning;
#[cfg(test)]
mod nodes;
#[cfg(test)]
mod openapi;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod reprocess;
mod roster;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod sources_command;
#[cfg(test)]
mod story;
#[cfg(test)]
mod stream;
#[cfg(test)]
mod world;
