//! What a file is, by its own bytes. Names and content types are claims and are not looked at.
//!
//! What must stay true: whatever a browser could run (HTML, SVG, PDF) or that hides more than one picture (GIF) is
//! none of these kinds; a film is no recording.

/// What is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// A picture that we can decode.
    Photo,
    /// A recording that is kept as it is.
    Voice,
}

/// Kind and media type of a file; `None` for everything that is refused.
pub fn sniff(b: &[u8]) -> Option<(Sort, &'static str)> {
    let riff = |form: &[u8]| b.starts_with(b"RIFF") && b.get(8..12) == Some(form);
    Some(if b.starts_with(&[0xff, 0xd8, 0xff]) {
        (Sort::Photo, "image/jpeg")
    } else if b.starts_with(b"\x89PNG\r\n\x1a\n") {
        (Sort::Photo, "image/png")
    } else if riff(b"WEBP") {
        (Sort::Photo, "image/webp")
    } else if riff(b"WAVE") {
        (Sort::Voice, "audio/wav")
    } else if b.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) && is_webm_sound(b) {
        (Sort::Voice, "audio/webm")
    } else if b.starts_with(b"OggS") && ["OpusHead", "\u{1}vorbis", "Speex", "\u{7f}FLAC"].iter().any(|c| has(b, 100, c)) {
        (Sort::Voice, "audio/ogg")
    } else if b.get(4..8) == Some(b"ftyp") && is_mp4_sound(b) {
        (Sort::Voice, "audio/mp4")
    } else if b.starts_with(b"#!AMR\n") || b.starts_with(b"#!AMR-WB\n") {
        (Sort::Voice, "audio/amr")
    } else if b.starts_with(b"ID3") || is_mp3_frame(b) {
        (Sort::Voice, "audio/mpeg")
    } else {
        return None;
    })
}

/// The media types in which something may leave, as constants.
pub fn known(kind: &str) -> &'static str {
    let all = ["image/jpeg", "audio/wav", "audio/webm", "audio/ogg", "audio/mp4", "audio/amr", "audio/mpeg"];
    all.into_iter().find(|k| *k == kind).unwrap_or("application/octet-stream")
}

/// True when the text stands in the first `within` bytes.
fn has(b: &[u8], within: usize, text: &str) -> bool {
    b[..b.len().min(within)].windows(text.len()).any(|w| w == text.as_bytes())
}

/// The track list of a recorder stands at the beginning of the file.
fn is_webm_sound(b: &[u8]) -> bool {
    has(b, 64, "webm") && (has(b, 4096, "A_OPUS") || has(b, 4096, "A_VORBIS")) && !has(b, 4096, "V_VP") && !has(b, 4096, "V_AV1")
}

/// The handlers of the tracks may stand anywhere; pictures (HEIC, AVIF) have none for sound.
fn is_mp4_sound(b: &[u8]) -> bool {
    let handler = |kind: &[u8]| b.windows(16).any(|w| &w[..12] == b"hdlr\0\0\0\0\0\0\0\0" && &w[12..] == kind);
    handler(b"soun") && !handler(b"vide")
}

/// Sync bits, layer III, and no forbidden bit rate or sampling rate.
fn is_mp3_frame(b: &[u8]) -> bool {
    let [0xff, version, rates, ..] = b else { return false };
    version & 0xe0 == 0xe0
        && version & 0x06 == 0x02
        && version & 0x18 != 0x08
        && rates >> 4 != 15
        && rates >> 4 != 0
        && rates & 0x0c != 0x0c
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_recordings_and_refuses_films_and_pages() {
        let webm = |codec: &str| [&[0x1a, 0x45, 0xdf, 0xa3], b"\x42\x82\x84webm".as_slice(), codec.as_bytes()].concat();
        let mp4 = |track: &[u8]| [b"\0\0\0\x18ftypisom".as_slice(), b"hdlr\0\0\0\0\0\0\0\0", track].concat();
        assert_eq!(sniff(&webm("A_OPUS")), Some((Sort::Voice, "audio/webm")));
        assert_eq!(sniff(&webm("A_OPUS V_VP9")), None);
        assert_eq!(sniff(&mp4(b"soun")), Some((Sort::Voice, "audio/mp4")));
        assert_eq!(sniff(&mp4(b"vide")), None);
        assert_eq!(sniff(b"OggS\0\x02 OpusHead"), Some((Sort::Voice, "audio/ogg")));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Some((Sort::Voice, "audio/wav")));
        assert_eq!(sniff(b"#!AMR\n\x3c"), Some((Sort::Voice, "audio/amr")));
        assert_eq!(sniff(&[0xff, 0xfb, 0x90, 0x64]), Some((Sort::Voice, "audio/mpeg")));
        for refused in
            ["GIF89a\x01\0", "<svg xmlns=", "<!doctype html>", "%PDF-1.7", "PK\x03\x04", "OggS theora", "", "\u{feff}<html"]
        {
            assert_eq!(sniff(refused.as_bytes()), None, "{refused}");
        }
        assert_eq!(sniff(&[0xff, 0xf1, 0x50, 0x80]), None, "ADTS is no layer III");
        assert!(sniff(b"RIFF\0\0\0\0AVI ").is_none() && sniff(b"\0\0\0\x18ftypheic").is_none());
    }
}
