//! Files as people and attackers send them.

use std::io::Cursor;
use std::time::Instant;

use ::image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use hyper::HeaderMap;
use store::Query;

use super::*;
use crate::kit::Req;
use crate::kit::config::Config;
use crate::kit::form::{File, Form};
use crate::kit::i18n::Lang;

fn node() -> (tempfile::TempDir, App) {
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.manual_clock = true;
    (dir, App::open(config).unwrap())
}

fn person(id: &str) -> Who {
    Who { person: Some(id.into()), ..Who::default() }
}

fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// 80 × 40, the left half red, the right half blue.
fn two_halves() -> RgbImage {
    RgbImage::from_fn(80, 40, |x, _| if x < 40 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) })
}

/// A JPEG as a phone makes it: lying on its side, with place, thumbnail and XMP.
fn phone_jpeg() -> Vec<u8> {
    let plain = encode(two_halves(), ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x02".to_vec();
    exif.extend(b"\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"); // Orientation 6: turn it clockwise
    exif.extend(b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x26\0\0\0\0"); // the GPS directory follows
    exif.extend(b"\0\x01\0\x1d\0\x02\0\0\0\x0b\0\0\0\x38\0\0\0\0GPS-SECRET\0 \xff\xd8THUMBNAIL\xff\xd9");
    let segment = |body: &[u8]| [b"\xff\xe1".as_slice(), &(body.len() as u16 + 2).to_be_bytes(), body].concat();
    let xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>XMP-SECRET</x:xmpmeta>";
    [&plain[..2], &segment(&exif), &segment(xmp), &plain[2..], b"<script>TRAILER</script>"].concat()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|w| w == text.as_bytes())
}

fn attach_to(app: &App, id: &str, subject: &'static str, who: &Who) -> Result<()> {
    let (ids, who) = (vec![id.to_owned()], who.clone());
    let write = app.db.write(move |tx| {
        attach(tx, &ids, subject, "report", &who)?;
        tx.log(Entry::new("test", "case", subject))?;
        Ok::<_, Error>(())
    });
    write.map(drop)
}

#[test]
fn the_copy_stands_upright_and_tells_nothing_while_the_original_is_sealed() {
    let (dir, app) = node();
    let original = phone_jpeg();
    assert!(contains(&original, "GPS-SECRET") && contains(&original, "XMP-SECRET"));
    let id = keep(&app, &Who::default(), &original).unwrap();
    attach_to(&app, &id, "case-1", &Who::default()).unwrap();
    let (copy, kind) = bytes(&app, "case-1", &id).unwrap();
    assert_eq!(kind, "image/jpeg");
    for secret in ["Exif", "GPS-SECRET", "THUMBNAIL", "XMP-SECRET", "xmpmeta", "TRAILER"] {
        assert!(!contains(&copy, secret), "{secret} is in the copy");
    }
    let seen = ::image::load_from_memory(&copy).unwrap().into_rgb8();
    assert_eq!((seen.width(), seen.height()), (40, 80));
    assert!(seen.get_pixel(20, 10).0[0] > 200 && seen.get_pixel(20, 70).0[2] > 200, "red above, blue beneath");

    let row = app.db.read(|r| r.row("select original from media where id = $1", params![&id])).unwrap().unwrap();
    let sealed = app.db.blobs().get(&row.get::<String>("original").unwrap()).unwrap();
    assert_eq!(app.db.read(|r| r.open(&id, &sealed)).unwrap().unwrap(), original);
    for folder in std::fs::read_dir(dir.path().join("blobs")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let on_disk = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!contains(&on_disk, "JFIF") && !contains(&on_disk, "GPS"), "a file lies open on the disk");
        }
    }
    let shown = app.db.read(|r| of(r, "case-1")).unwrap();
    assert_eq!(
        shown.iter().map(|s| (s.id.as_str(), s.kind.as_str(), s.phase.as_str())).collect::<Vec<_>>(),
        [(id.as_str(), "photo", "report")]
    );
}

#[test]
fn large_pictures_shrink_and_transparency_becomes_white() {
    let wide = image::copy(&encode(RgbImage::new(4100, 300), ImageFormat::Png)).unwrap();
    let wide = ::image::load_from_memory(&wide).unwrap();
    assert_eq!((wide.width(), wide.height()), (2000, 146));
    let clear = image::copy(&encode(RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 0])), ImageFormat::Png)).unwrap();
    assert!(::image::load_from_memory(&clear).unwrap().into_rgb8().get_pixel(4, 4).0.iter().all(|c| *c > 250));
    let webp = image::copy(&encode(two_halves(), ImageFormat::WebP)).unwrap();
    assert_eq!(::image::load_from_memory(&webp).unwrap().width(), 80);
}

#[test]
fn floods_ruins_and_disguises_are_refused() {
    let (_dir, app) = node();
    let refused = |bytes: &[u8]| keep(&app, &Who::default(), bytes).unwrap_err().kind;
    // A PNG that claims 50,000 × 50,000: refused by its header.
    let mut flood = encode(RgbImage::new(4, 4), ImageFormat::Png);
    flood[16..24].copy_from_slice(&[0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50]);
    flood.splice(29..33, crc32(&flood[12..29]).to_be_bytes());
    let begun = Instant::now();
    assert_eq!(refused(&flood), Kind::BadMedia);
    assert!(begun.elapsed().as_millis() < 500);

    // As many pixels as a picture may have, in one line.
    assert_eq!(refused(&encode(RgbImage::new(32_001, 1), ImageFormat::Png)), Kind::BadMedia);

    let noise = RgbImage::from_fn(64, 64, |x, y| Rgb([((x * 37) ^ (y * 91)) as u8, (x * y) as u8, (x + 3 * y) as u8]));
    let png = encode(noise.clone(), ImageFormat::Png);
    assert_eq!(refused(&png[..png.len() / 2]), Kind::BadMedia);
    let jpeg = encode(noise, ImageFormat::Jpeg);
    assert_eq!(refused(&jpeg[..30]), Kind::BadMedia);
    // Half a JPEG may come out, but then as a whole new one.
    if let Ok(copy) = image::copy(&jpeg[..jpeg.len() / 2]) {
        assert!(::image::load_from_memory(&copy).is_ok() && copy.ends_with(&[0xff, 0xd9]));
    }
    for disguise in ["GIF89a\x01\0\x01\0<script>", "<svg onload=alert(1)>", "<!doctype html><img>", "%PDF-1.4", ""] {
        assert_eq!(refused(disguise.as_bytes()), Kind::BadMedia, "{disguise}");
    }
    let polyglot = [&[0xff, 0xd8, 0xff, 0xe0], b"<html><script>alert(1)</script>".as_slice()].concat();
    assert_eq!(refused(&polyglot), Kind::BadMedia);
    let e = keep(&app, &Who::default(), &vec![0; app.config.file.limits.file_bytes + 1]).unwrap_err();
    assert_eq!((e.kind, e.limit), (Kind::TooLarge, Some(20 << 10)));
    assert_eq!(std::fs::read_dir(app.db.blobs().root()).unwrap().count(), 0, "what is refused leaves nothing behind");
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, b| (0..8).fold(crc ^ u32::from(*b), |c, _| (c >> 1) ^ (0xedb8_8320 & (c & 1).wrapping_neg())))
}

#[test]
fn attaching_happens_once_and_only_to_ones_own() {
    let (_dir, app) = node();
    let voice = b"#!AMR\n\x3c\x91\x17".to_vec();
    let id = keep(&app, &person("p1"), &voice).unwrap();
    let unknown = |r: Result<()>| assert_eq!(r.unwrap_err().kind, Kind::Unknown);
    unknown(attach_to(&app, &id, "case-1", &person("p2")));
    unknown(attach_to(&app, &id, "case-1", &Who::default()));
    unknown(attach_to(&app, "no-such-id", "case-1", &person("p1")));
    attach_to(&app, &id, "case-1", &person("p1")).unwrap();
    unknown(attach_to(&app, &id, "case-2", &person("p1")));
    assert_eq!(bytes(&app, "case-1", &id).unwrap(), (voice.clone(), "audio/amr"));
    assert_eq!(bytes(&app, "case-2", &id).unwrap_err().kind, Kind::NotFound);
    let from_visitor = keep(&app, &Who::default(), &voice).unwrap();
    attach_to(&app, &from_visitor, "case-2", &person("p2")).unwrap();
}

#[test]
fn the_sweep_takes_what_nobody_attached_with_key_and_files() {
    let (_dir, app) = node();
    let (kept, lost) = (keep(&app, &Who::default(), &phone_jpeg()).unwrap(), keep(&app, &Who::default(), &phone_jpeg()).unwrap());
    attach_to(&app, &kept, "case-1", &Who::default()).unwrap();
    assert_eq!(sweep(&app).unwrap(), 0);
    app.ambience.advance(WAIT + 1);
    assert_eq!(sweep(&app).unwrap(), 1);
    assert_eq!(sweep(&app).unwrap(), 0);
    assert!(bytes(&app, "case-1", &kept).is_ok());
    let left = |sql: &str, id: &str| app.db.read(|r| r.count(sql, params![id])).unwrap();
    assert_eq!(left("select count(*) from media where id = $1", &lost), 0);
    assert_eq!(left("select count(*) from subject_key where owner = $1", &lost), 0);
    let files = std::fs::read_dir(app.db.blobs().root()).unwrap().flat_map(|d| std::fs::read_dir(d.unwrap().path()).unwrap());
    assert_eq!(files.count(), 2);
}

fn request<'a>(app: &'a App, headers: &'a HeaderMap, fields: &[(&str, &[u8])]) -> Req<'a> {
    let files = fields.iter().map(|(field, bytes)| File { field: (*field).into(), bytes: bytes.to_vec() }).collect();
    Req {
        app,
        method: "POST",
        path: "/media",
        params: Vec::new(),
        query: Form::default(),
        form: Form { fields: Vec::new(), files },
        json: None,
        headers,
        ip: [127, 0, 0, 1].into(),
        who: Who::default(),
        banner: |_| Ok(Vec::new()),
        header: |_| Ok(None),
        community: None,
        lang: Lang::Zh,
        elder: false,
        now: app.now(),
    }
}

#[test]
fn an_upload_repeated_under_its_key_is_one_upload() {
    let (_dir, app) = node();
    let jpeg = phone_jpeg();
    let mut headers = HeaderMap::new();
    headers.insert("idempotency-key", "k1".parse().unwrap());
    let post = |file: &[u8]| (web::ROUTES[0].run)(&request(&app, &headers, &[("other", b""), ("file", file)]));
    let (first, second) = (post(&jpeg).unwrap(), post(&jpeg).unwrap());
    assert_eq!((first.status, &first.body), (201, &second.body));
    assert_eq!(app.db.read(|r| r.count("select count(*) from media", &[])).unwrap(), 1);
    let files = std::fs::read_dir(app.db.blobs().root()).unwrap().flat_map(|d| std::fs::read_dir(d.unwrap().path()).unwrap());
    assert_eq!(files.count(), 2);
    assert_eq!(post(b"#!AMR\n").unwrap_err().kind, Kind::KeyReused);
    assert_eq!(post(b"").unwrap_err().field.as_deref(), Some("file"));

    let none = HeaderMap::new();
    let form = request(&app, &none, &[("media", jpeg.as_slice()), ("media", b""), ("x", b"y")]);
    assert_eq!(web::keep_files(&form).unwrap().len(), 1);
}
