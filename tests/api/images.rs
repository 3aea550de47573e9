//! Files that people hand in: the process that decodes them takes nothing through but pixels, and little of
//! the machine, whatever the file is made of.

use std::{
    fs,
    io::{Cursor, Read, Write},
    process::{Command, Stdio},
    thread,
};

use image::{ImageFormat, RgbaImage};
use serde_json::Value;

use crate::support::pictures::{
    chunk, deflated_zeros, exif, header, holds, jpeg_with, pdf, picture, png, rows,
};

/// More than the process may ever take: what it maps is limited.
const MOST_KIB: u64 = 640 * 1024;

/// What came of a file: the fault, or the picture; and the most memory that the process held.
struct Outcome {
    fault: Option<String>,
    jpeg: Vec<u8>,
    peak_kib: u64,
}

impl Outcome {
    fn name(&self) -> &str {
        self.fault.as_deref().unwrap_or("clean")
    }
}

fn handed_in(file: &[u8], pdf: bool) -> Outcome {
    let mut child = Command::new(env!("CARGO_BIN_EXE_smart-mining"))
        .arg("clean-image")
        .args(pdf.then_some("--pdf"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut to, mut from, file) = (child.stdin.take().unwrap(), child.stdout.take().unwrap(), file.to_vec());
    let feed = thread::spawn(move || drop(to.write_all(&file)));
    let hear = thread::spawn(move || {
        let mut said = Vec::new();
        from.read_to_end(&mut said).unwrap();
        said
    });
    let (mut peak_kib, status_file) = (0, format!("/proc/{}/status", child.id()));
    let ended = loop {
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = peak_kib.max(peak.unwrap_or(0));
        if let Some(ended) = child.try_wait().unwrap() {
            break ended;
        }
        thread::sleep(std::time::Duration::from_millis(1));
    };
    feed.join().unwrap();
    let mut said = hear.join().unwrap();
    if !ended.success() {
        return Outcome { fault: Some("too_costly".to_owned()), jpeg: Vec::new(), peak_kib };
    }
    let line = said.iter().position(|byte| *byte == b'\n').unwrap();
    let jpeg = said.split_off(line + 1);
    let verdict: Value = serde_json::from_slice(&said).unwrap();
    Outcome { fault: verdict["fault"].as_str().map(str::to_owned), jpeg, peak_kib }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of files")]
fn hostile_files_are_refused_or_cleaned_in_little_memory() {
    let plain = picture(ImageFormat::Png);
    let after_header = |extra: Vec<u8>| [&plain[..33], &extra, &plain[33..]].concat();
    let jpeg = picture(ImageFormat::Jpeg);
    let tiny = png(&[header(65_535, 65_535, 8, 2)]);
    let transparent = {
        let mut file = Cursor::new(Vec::new());
        RgbaImage::new(300, 300).write_to(&mut file, ImageFormat::Png).unwrap();
        file.into_inner()
    };
    let zeros = deflated_zeros(1024);
    let text_bomb = after_header(chunk(*b"zTXt", &[b"Comment\0\0".as_slice(), &zeros].concat()));
    let profile_bomb = after_header(chunk(*b"iCCP", &[b"icc\0\0".as_slice(), &deflated_zeros(256)].concat()));
    let data_bomb = png(&[header(1_000, 1_000, 8, 0), chunk(*b"IDAT", &zeros)]);
    let animated = after_header(chunk(*b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]));
    let large = png(&[header(12_000, 12_000, 8, 0), chunk(*b"IDAT", &rows(12_000, 12_000))]);
    let allowed = png(&[header(6_300, 6_300, 8, 2), chunk(*b"IDAT", &rows(6_300 * 3, 6_300))]);
    let deep = png(&[header(6_300, 6_300, 16, 6), chunk(*b"IDAT", &rows(6_300 * 8, 6_300))]);
    let cases: Vec<(&str, Vec<u8>, bool, &[&str])> = vec![
        ("41 bytes that claim four milliards of pixels", tiny[..41].to_vec(), false, &["too_many_pixels"]),
        ("the same, whole", tiny, false, &["too_many_pixels"]),
        ("144 million pixels in 140 kB", large, false, &["too_many_pixels"]),
        ("as many pixels as are taken", allowed, false, &["clean"]),
        ("as many, eight bytes each", deep, false, &["too_many_pixels"]),
        ("1 GiB behind the data of a million pixels", data_bomb, false, &["clean", "broken"]),
        ("zTXt of 1 GiB", text_bomb, false, &["clean", "broken"]),
        ("iCCP of 256 MiB", profile_bomb, false, &["clean", "broken"]),
        ("APNG", animated, false, &["animated"]),
        ("transparent", transparent, false, &["clean"]),
        ("PNG called JPEG", plain.clone(), false, &["clean"]),
        (
            "SVG",
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>".to_vec(),
            false,
            &["format"],
        ),
        ("HTML", b"<!doctype html><script>alert(1)</script>".to_vec(), false, &["format"]),
        ("GIF", b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(), false, &["format"]),
        ("WebP", b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), false, &["format"]),
        ("nothing", Vec::new(), false, &["format"]),
        ("JPEG's mark, and noise", [b"\xFF\xD8\xFF\xE0".as_slice(), &[7; 500]].concat(), false, &["broken"]),
        ("PNG's mark, and noise", [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 500]].concat(), false, &["broken"]),
        ("half a PNG", plain[..plain.len() / 2].to_vec(), false, &["broken"]),
        ("half a JPEG", jpeg[..jpeg.len() / 2].to_vec(), false, &["broken", "clean"]),
        (
            "a picture of ten pixels",
            png(&[header(10, 1, 8, 0), chunk(*b"IDAT", &rows(10, 1))]),
            false,
            &["too_small"],
        ),
        ("a PDF where a picture is asked for", pdf(1, "595 842"), false, &["format"]),
        ("a PDF of one page", pdf(1, "595 842"), true, &["clean"]),
        ("a PDF of six pages", pdf(6, "595 842"), true, &["too_many_pages"]),
        ("a PDF with a page of a kilometre", pdf(1, "2834646 2834646"), true, &["clean", "broken"]),
        ("a PDF with a page of nothing", pdf(1, "0 0"), true, &["clean", "broken", "too_small"]),
        ("a PDF's mark, and noise", [b"%PDF-1.7\n".as_slice(), &[7; 500]].concat(), true, &["broken"]),
        ("a picture where a PDF may be", jpeg.clone(), true, &["clean"]),
    ];
    for (what, file, pdf, expected) in &cases {
        let outcome = handed_in(file, *pdf);
        println!("{what}: {} bytes in, {}, {} KiB at most", file.len(), outcome.name(), outcome.peak_kib);
        assert!(expected.contains(&outcome.name()), "{what}: {}", outcome.name());
        assert!(outcome.peak_kib < MOST_KIB, "{what}: {} KiB", outcome.peak_kib);
        assert_eq!(outcome.jpeg.is_empty(), outcome.name() != "clean", "{what}");
    }
}

#[test]
fn nothing_comes_through_but_what_a_picture_shows() {
    let comment = b"\xFF\xFE\0\x10COMMENT-CANARY";
    let zip = b"PK\x03\x04ZIP-CANARY<script>HTML-CANARY</script>%PDF-CANARY";
    let text = chunk(*b"tEXt", b"Author\0TEXT-CANARY");
    let plain = picture(ImageFormat::Png);
    let files = [
        jpeg_with(&exif()),
        jpeg_with(comment),
        [picture(ImageFormat::Jpeg), zip.to_vec()].concat(),
        [&plain[..33], &text, &plain[33..], zip].concat(),
        [pdf(1, "595 842"), zip.to_vec()].concat(),
    ];
    for (n, file) in files.iter().enumerate() {
        assert!(holds(file, b"CANARY"), "the search finds what is there");
        let outcome = handed_in(file, n == 4);
        assert_eq!(outcome.name(), "clean", "{n}");
        for what in [b"CANARY".as_slice(), b"Exif", b"<script", b"PK\x03\x04", b"%PDF"] {
            assert!(!holds(&outcome.jpeg, what), "{n}: {}", String::from_utf8_lossy(what));
        }
        assert_eq!(segments(&outcome.jpeg), ["FFE0"; 1], "{n}: JFIF's own head and no other application's");
    }
    let sideways = image::load_from_memory(&handed_in(&jpeg_with(&exif()), false).jpeg).unwrap();
    assert_eq!((sideways.width(), sideways.height()), (300, 400), "how it was held went into the pixels");
}

/// The segments of a JPEG that are no part of the picture: applications' and comments.
fn segments(jpeg: &[u8]) -> Vec<String> {
    let (mut at, mut found) = (2, Vec::new());
    while at + 4 <= jpeg.len() && jpeg[at] == 0xFF && jpeg[at + 1] != 0xDA {
        if (0xE0..=0xEF).contains(&jpeg[at + 1]) || jpeg[at + 1] == 0xFE {
            found.push(format!("FF{:02X}", jpeg[at + 1]));
        }
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    found
}

#[test]
fn a_damaged_file_has_a_verdict_too() {
    let originals =
        [(picture(ImageFormat::Png), false), (picture(ImageFormat::Jpeg), false), (pdf(2, "595 842"), true)];
    let (mut seed, mut verdicts) = (0x9E37_79B9_7F4A_7C15_u64, std::collections::BTreeMap::new());
    for (original, is_pdf) in &originals {
        for _ in 0..40 {
            let mut file = original.clone();
            for _ in 0..4 {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                let at = usize::try_from(seed % u64::try_from(file.len()).unwrap()).unwrap();
                file[at] = seed.to_le_bytes()[5];
            }
            let outcome = handed_in(&file, *is_pdf);
            assert!(outcome.peak_kib < MOST_KIB);
            *verdicts.entry(outcome.name().to_owned()).or_insert(0) += 1;
        }
    }
    println!("damaged files: {verdicts:?}");
    assert!(verdicts["clean"] > 0 && verdicts["broken"] > 0, "{verdicts:?}");
}
