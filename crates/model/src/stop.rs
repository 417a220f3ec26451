//! Words that tell nothing: whoever compares texts by their words leaves them out.
//!
//! Counting does not find them: of few items, "were" stands in no more than a name.

/// Whether a word, in whatever case, tells nothing. Asked of every word of a text.
#[inline]
#[must_use]
pub fn is_stop(word: &str) -> bool {
    if !word.is_ascii() {
        return HINDI_STOP.binary_search(&word).is_ok();
    }
    let first = word.bytes().next().map(|byte| byte.to_ascii_lowercase());
    let Some(letter) = first.and_then(|byte| byte.checked_sub(b'a')) else {
        return false;
    };
    let start = |letter: usize| STARTS.get(letter).copied();
    let (from, to) = (start(letter.into()), start(usize::from(letter) + 1));
    let alike = from.zip(to).and_then(|(from, to)| STOP.get(from..to));
    alike.is_some_and(|stops| stops.iter().any(|stop| stop.eq_ignore_ascii_case(word)))
}

/// Where in [`STOP`] the words of each letter begin, and the end.
const STARTS: [usize; 27] = {
    let mut starts = [STOP.len(); 27];
    let mut at = STOP.len();
    while at > 0 {
        at -= 1;
        let mut letter = (STOP[at].as_bytes()[0] - b'a') as usize;
        starts[letter] = at;
        // Letters of no word begin where the next one does.
        while letter > 0 {
            letter -= 1;
            starts[letter] = at;
        }
    }
    starts
};

/// In alphabetical order.
const STOP: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "for", "from", "had", "has", "have", "he", "her", "his", "how", "i",
    "in", "into", "is", "it", "its", "may", "more", "new", "no", "not", "of", "on", "one", "or",
    "our", "out", "over", "said", "say", "says", "she", "than", "that", "the", "their", "these",
    "they", "this", "those", "to", "up", "was", "we", "were", "what", "when", "which", "who",
    "why", "will", "with", "would", "you", "your",
];

/// The same in Hindi, and what every Hindi report of an attack or a fraud says: no list
/// tells how rare a Hindi word is.
const HINDI_STOP: &[&str] = &[
    "अगर",
    "अटैक",
    "अपना",
    "अपनी",
    "अपने",
    "अब",
    "अरेस्ट",
    "आई",
    "आए",
    "आज",
    "आया",
    "आरोपी",
    "इन",
    "इस",
    "इसके",
    "इसमें",
    "इसी",
    "उन",
    "उनका",
    "उनकी",
    "उनके",
    "उन्हें",
    "उन्होंने",
    "उस",
    "उसका",
    "उसकी",
    "उसके",
    "उसने",
    "एक",
    "एजेंसियां",
    "एवं",
    "ऑनलाइन",
    "और",
    "कई",
    "कर",
    "करता",
    "करते",
    "करना",
    "करने",
    "करें",
    "करोड़",
    "का",
    "कार्रवाई",
    "किए",
    "किया",
    "की",
    "कुछ",
    "के",
    "केस",
    "को",
    "कोई",
    "क्या",
    "क्राइम",
    "गई",
    "गए",
    "गया",
    "गिरफ्तार",
    "घटना",
    "चल",
    "चोरी",
    "जब",
    "जा",
    "जांच",
    "जाए",
    "जाता",
    "जाती",
    "जानकारी",
    "जाने",
    "जुटी",
    "ठग",
    "ठगी",
    "ठगे",
    "ठगों",
    "डाटा",
    "डिजिटल",
    "डेटा",
    "तक",
    "तो",
    "था",
    "थी",
    "थे",
    "दर्ज",
    "दिन",
    "दिया",
    "दी",
    "दे",
    "देने",
    "दो",
    "द्वारा",
    "धोखाधड़ी",
    "नहीं",
    "नाम",
    "ने",
    "पर",
    "पहले",
    "पुलिस",
    "फर्जी",
    "फिर",
    "फ्रॉड",
    "बताया",
    "बना",
    "बनाई",
    "बाद",
    "बारे",
    "भी",
    "मामला",
    "मामले",
    "में",
    "यह",
    "या",
    "रहा",
    "रही",
    "रहे",
    "रात",
    "रुपये",
    "रैंसमवेयर",
    "रैनसमवेयर",
    "लाख",
    "लिए",
    "लिया",
    "ली",
    "लीक",
    "लेकर",
    "लोग",
    "लोगों",
    "व",
    "वह",
    "वाला",
    "वाली",
    "वाले",
    "शिकायत",
    "शिकार",
    "सभी",
    "सर्वर",
    "साइबर",
    "साथ",
    "सिस्टम",
    "सुरक्षा",
    "सूचना",
    "से",
    "हमला",
    "हमले",
    "हमलों",
    "हाथ",
    "ही",
    "हुआ",
    "हुई",
    "हुए",
    "है",
    "हैं",
    "हैक",
    "हैकर",
    "हैकरों",
    "हैकर्स",
    "हो",
    "होगा",
    "होता",
    "होती",
    "होने",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_words_are_sorted() {
        assert!(STOP.is_sorted());
        assert!(HINDI_STOP.is_sorted());
        assert!(is_stop("हमला") && !is_stop("अस्पताल"));
        assert!(is_stop("The") && is_stop("over") && !is_stop("Acme"));
        for stop in STOP {
            assert!(is_stop(stop) && is_stop(&stop.to_uppercase()), "{stop}");
            assert!(!is_stop(&format!("{stop}x")), "{stop}x");
        }
        for none in ["", "zoo", "{", "[a", "7", "éa"] {
            assert!(!is_stop(none), "{none}");
        }
    }
}
