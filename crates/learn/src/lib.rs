//! Labelled texts in, weights and their scores out.
//!
//! Each task is a file with `train` and `evaluate`; what they share stands beside
//! them: reading the sets ([`data`]), minimising ([`lbfgs`]), the sparse logistic
//! regression ([`logistic`]), folds that keep a story together ([`folds`]), and
//! the measures ([`measure`]). The same data and seed give the same bytes. The
//! pipeline never calls this crate.

pub mod cve;
pub mod data;
pub mod file;
pub mod folds;
pub mod gazetteer;
pub mod lbfgs;
pub mod linear;
pub mod logistic;
pub mod measure;
pub mod names;
pub mod random;
pub mod relevance;
pub mod retrain;
pub mod severity;
pub mod softmax;
pub mod stories;
pub mod tasks;
pub mod texts;
pub mod types;
