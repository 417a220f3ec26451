//! The sources against a fake world: one test binary, one module a kind.

#[cfg(test)]
mod cisa_kev;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod file;
#[cfg(test)]
mod nvd;
