//! Writes model files: see [`understand::weights`] for their layout.

use std::collections::BTreeMap;

use understand::weights::{
    FORMAT, Header, MAGIC, Number, PREFIX, Place, Weights, WeightsError, checksum,
};

/// Collects what goes into one file.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    header: Header,
    body: Vec<u8>,
}

impl Writer {
    /// A file for `task`, trained on the data of this fingerprint at `made`.
    #[must_use]
    pub fn new(task: &str, version: &str, made: &str, data: &str) -> Self {
        Self {
            header: Header {
                task: task.to_owned(),
                version: version.to_owned(),
                made: made.to_owned(),
                data: data.to_owned(),
                ..Header::default()
            },
            body: Vec::new(),
        }
    }

    /// Notes how it was measured.
    pub fn scores(&mut self, scores: BTreeMap<String, f64>) -> &mut Self {
        self.header.scores = scores;
        self
    }

    /// Notes a size.
    pub fn count(&mut self, name: &str, count: usize) -> &mut Self {
        self.header.counts.insert(name.to_owned(), count as u64);
        self
    }

    /// Appends a list of numbers.
    pub fn section<T: Number>(&mut self, name: &str, numbers: &[T]) -> &mut Self {
        self.body.resize(self.body.len().next_multiple_of(8), 0);
        self.header.sections.push(Place {
            name: name.to_owned(),
            kind: T::KIND,
            at: self.body.len() as u64,
            count: numbers.len() as u64,
        });
        for number in numbers {
            number.write(&mut self.body);
        }
        self
    }

    /// The bytes of the file.
    ///
    /// # Errors
    ///
    /// If the header cannot be written, which only a score that is no number does.
    pub fn finish(&self) -> Result<Vec<u8>, serde_json::Error> {
        Ok(assemble(&serde_json::to_vec(&self.header)?, &self.body))
    }
}

fn assemble(header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut rest = header.to_vec();
    rest.resize(header.len().next_multiple_of(8), b' ');
    rest.extend_from_slice(body);
    let mut file = MAGIC.to_vec();
    FORMAT.write(&mut file);
    u32::try_from(header.len())
        .unwrap_or(u32::MAX)
        .write(&mut file);
    checksum(&rest).write(&mut file);
    file.extend(rest);
    file
}

/// The same model with another date in its header: what was trained twice alike
/// differs in nothing else. The header is changed as text: a score that is read and
/// written again may end in another digit.
///
/// # Errors
///
/// If it is no model file.
pub fn redated(file: &[u8], made: &str) -> Result<Vec<u8>, WeightsError> {
    let weights = Weights::open(file.to_vec())?;
    let length = file.get(12..16).map_or(0, <u32 as Number>::read) as usize;
    let header = file.get(PREFIX..PREFIX + length).unwrap_or_default();
    let header = String::from_utf8_lossy(header);
    let date = |made: &str| format!("\"made\":{}", serde_json::Value::from(made));
    let header = header.replacen(&date(&weights.header().made), &date(made), 1);
    let body = file.get(PREFIX + length.next_multiple_of(8)..);
    Ok(assemble(header.as_bytes(), body.unwrap_or_default()))
}

/// Writes numbers as bytes: each is its byte times the scale that is given back.
/// The largest takes 127, so that no weight is cut.
#[must_use]
pub fn to_bytes(numbers: &[f32]) -> (Vec<i8>, f32) {
    let largest = numbers.iter().fold(0.0_f32, |most, n| most.max(n.abs()));
    let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
    let bytes = numbers
        .iter()
        .map(|number| (number / scale).round() as i8)
        .collect();
    (bytes, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::new("demo", "1", "2026-01-01T00:00:00Z", "abc");
        writer
            .count("outputs", 2)
            .scores(BTreeMap::from([("auc".to_owned(), 0.9)]))
            .section("a", &[1_i8, -2, 3])
            .section("b", &[0.5_f32]);
        let file = writer.finish().unwrap();
        assert_eq!(file, writer.finish().unwrap());
        let weights = Weights::open(file).unwrap();
        assert_eq!(weights.header().task, "demo");
        assert_eq!(weights.header().scores["auc"], 0.9);
        assert_eq!(weights.count("outputs", 9).unwrap(), 2);
        let a: Vec<i8> = weights.section("a").unwrap().iter().collect();
        assert_eq!(a, [1, -2, 3]);
        assert_eq!(weights.section::<f32>("b").unwrap().at(0), 0.5);
    }

    #[test]
    fn a_date_alone_can_change() {
        let made_at = |made: &str| {
            let mut writer = Writer::new("demo", "1", made, "abc");
            writer.section("a", &[1_u8, 2, 3]).finish().unwrap()
        };
        let (first, second) = (made_at("2026-01-01T00:00:00Z"), made_at("yesterday"));
        assert_eq!(redated(&first, "yesterday").unwrap(), second);
        assert!(redated(b"PRAHARIM", "yesterday").is_err());
    }

    #[test]
    fn bytes_keep_numbers_within_half_a_step() {
        let numbers = [0.0, 1.0, -2.54, 0.013];
        let (bytes, scale) = to_bytes(&numbers);
        for (byte, number) in bytes.iter().zip(numbers) {
            assert!((f32::from(*byte) * scale - number).abs() <= scale / 2.0 + 1e-6);
        }
        assert_eq!(to_bytes(&[0.0]), (vec![0], 1.0));
    }
}
