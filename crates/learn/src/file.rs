//! Writes model files: see [`understand::weights`] for their layout.

use std::collections::BTreeMap;

use understand::weights::{FORMAT, Header, MAGIC, Number, Place, checksum};

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
        let header = serde_json::to_vec(&self.header)?;
        let mut rest = header.clone();
        rest.resize(header.len().next_multiple_of(8), b' ');
        rest.extend_from_slice(&self.body);
        let mut file = MAGIC.to_vec();
        FORMAT.write(&mut file);
        u32::try_from(header.len())
            .unwrap_or(u32::MAX)
            .write(&mut file);
        checksum(&rest).write(&mut file);
        file.extend(rest);
        Ok(file)
    }
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
    use understand::weights::Weights;

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
    fn bytes_keep_numbers_within_half_a_step() {
        let numbers = [0.0, 1.0, -2.54, 0.013];
        let (bytes, scale) = to_bytes(&numbers);
        for (byte, number) in bytes.iter().zip(numbers) {
            assert!((f32::from(*byte) * scale - number).abs() <= scale / 2.0 + 1e-6);
        }
        assert_eq!(to_bytes(&[0.0]), (vec![0], 1.0));
    }
}
