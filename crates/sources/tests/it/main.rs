//! The sources against a fake world: one test binary, one module a kind.

#[cfg(test)]
mod bluesky;
#[cfg(test)]
mod cert_in;
#[cfg(test)]
mod cisa_kev;
#[cfg(test)]
mod csaf;
#[cfg(test)]
mod cve_list;
#[cfg(test)]
mod door;
#[cfg(test)]
mod epss;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod file;
#[cfg(test)]
mod gdelt;
#[cfg(test)]
mod ghsa;
#[cfg(test)]
mod hibp;
#[cfg(test)]
mod json;
#[cfg(test)]
mod mastodon;
#[cfg(test)]
mod misp_feed;
#[cfg(test)]
mod news_search;
#[cfg(test)]
mod nvd;
#[cfg(test)]
mod opml;
#[cfg(test)]
mod osv;
#[cfg(test)]
mod owasp_top10;
#[cfg(test)]
mod page;
#[cfg(test)]
mod ransomware_live;
#[cfg(test)]
mod reddit;
#[cfg(test)]
mod reread;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod taxii;
#[cfg(test)]
mod telegram_channel;
#[cfg(test)]
mod x;
