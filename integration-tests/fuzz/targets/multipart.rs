//! Multipart bodies: the parts do not depend on how the body is cut, and a form that is built is read back the same.
#![no_main]

use bytes::Bytes;
use http::HeaderMap;
use libfuzzer_sys::fuzz_target;
use wharf_http::Body;
use wharf_http::multipart::{
    Error, ErrorKind, Form, Limits, MultipartReader, Part, safe_file_name,
};

#[derive(Debug, PartialEq)]
struct Read {
    headers: HeaderMap,
    name: Option<String>,
    file_name: Option<String>,
    content: Vec<u8>,
}

async fn part(reader: &mut MultipartReader, parts: &mut Vec<Read>) -> Result<bool, Error> {
    let Some(mut part) = reader.next_part().await? else {
        return Ok(false);
    };
    parts.push(Read {
        headers: part.headers().clone(),
        name: part.name().map(Into::into),
        file_name: part.file_name().map(Into::into),
        content: Vec::new(),
    });
    let content = &mut parts.last_mut().unwrap().content;
    while let Some(piece) = part.chunk().await? {
        content.extend_from_slice(&piece);
    }
    Ok(true)
}

async fn read(kind: &str, body: Body) -> Option<(Vec<Read>, Option<ErrorKind>)> {
    let limits = Limits::new().parts(20).head_bytes(500).part_bytes(2000);
    let mut reader = MultipartReader::with_limits(kind, body, limits).ok()?;
    let mut parts = Vec::new();
    loop {
        match part(&mut reader, &mut parts).await {
            Ok(true) => {}
            Ok(false) => return Some((parts, None)),
            Err(error) => return Some((parts, Some(error.kind()))),
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let [seed, input @ ..] = data else { return };
    let end = input.iter().position(|&byte| byte == b'\n').unwrap_or(0);
    let kind = String::from_utf8_lossy(&input[..end]);
    let input = input.get(end + 1..).unwrap_or_default();
    fuzz::run(async {
        let Some((mut parts, error)) = read(&kind, fuzz::body(fuzz::cut(input, 0))).await else {
            return;
        };
        let (pieces, cut_error) = read(&kind, fuzz::body(fuzz::cut(input, *seed)))
            .await
            .unwrap();
        assert_eq!(cut_error, error);
        // Of a part that fails, more or less may have been given out.
        let whole = parts.len() - usize::from(error.is_some() && !parts.is_empty());
        assert_eq!(pieces[..whole.min(pieces.len())], parts[..whole]);
        // In a form, this is no part but tells the charset of those after it.
        parts.retain(|part| part.name.as_deref() != Some("_charset_"));
        let mut form = Form::new();
        for Read {
            name,
            file_name,
            content,
            ..
        } in &parts
        {
            assert!(content.len() <= 2000);
            let mut part = Part::new(Bytes::copy_from_slice(content));
            if let Some(name) = file_name {
                let safe = safe_file_name(name).unwrap_or_default();
                assert!(!safe.contains(['/', '\\', '\0']) && safe != "..", "{safe}");
                part = part.file_name(name);
            }
            form = form.add(name.as_deref().unwrap_or_default(), part);
        }
        if let Ok(form) = form.build() {
            let kind = form.content_type().to_str().unwrap().to_owned();
            let mut reader = MultipartReader::new(&kind, form.into_body()).unwrap();
            let mut again = Vec::new();
            while part(&mut reader, &mut again).await.unwrap() {}
            let said = |read: &Read| {
                (
                    read.name.clone().unwrap_or_default(),
                    read.file_name.clone(),
                    read.content.clone(),
                )
            };
            let parts = parts.iter().map(said);
            assert!(parts.eq(again.iter().map(said)), "{again:?}");
        }
    });
});
