//! What reading a body of several parts costs: many small parts, and a large one. The body comes in pieces as a socket gives them.

#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http_body::Frame;
use tokio::runtime::{Builder, Runtime};
use wharf_http::Body;
use wharf_http::multipart::{Form, MultipartReader, Part};

const PIECE: usize = 16 << 10;

/// A body that comes piece by piece, with pieces that end anywhere in a part.
struct Pieces(Bytes);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let length = PIECE.min(self.0.len());
        let piece = self.0.split_to(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(piece))))
    }
}

/// Reads all of a form, and returns how many parts it has and how many bytes are in them.
async fn read(kind: &str, body: Body) -> (usize, usize) {
    let mut reader = MultipartReader::new(kind, body).unwrap();
    let (mut parts, mut bytes) = (0, 0);
    while let Some(mut part) = reader.next_part().await.unwrap() {
        parts += 1;
        while let Some(piece) = part.chunk().await.unwrap() {
            bytes += piece.len();
        }
    }
    (parts, bytes)
}

fn bench(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    form: Form,
    read_is: (usize, usize),
) {
    let form = form.build().unwrap();
    let kind = form.content_type().to_str().unwrap().to_owned();
    let body = runtime.block_on(async { form.into_body().bytes(None).await.unwrap() });
    let once = || runtime.block_on(read(&kind, Body::new(Pieces(body.clone()))));
    assert_eq!(once(), read_is);
    let mut group = criterion.benchmark_group("multipart");
    group.throughput(Throughput::Bytes(body.len() as u64));
    group.bench_function(name, |bencher| bencher.iter(once));
}

fn multipart(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().build().unwrap();
    let small = (0..1_000).fold(Form::new(), |form, number| {
        form.add(format!("field{number}"), "a value of 24 characters")
    });
    bench(
        criterion,
        &runtime,
        "1,000 parts of 24 B",
        small,
        (1_000, 24_000),
    );
    let file = Part::new(vec![b'\r'; 8 << 20]).file_name("worst.bin");
    let worst = Form::new().add("file", file);
    bench(
        criterion,
        &runtime,
        "8 MiB of line ends",
        worst,
        (1, 8 << 20),
    );
    let file: Vec<u8> = (0..8_u32 << 20)
        .map(|n| (n.wrapping_mul(0x9E37_79B9) >> 24) as u8)
        .collect();
    let large = Form::new().add("file", Part::new(file).file_name("film.mkv"));
    bench(criterion, &runtime, "8 MiB of a film", large, (1, 8 << 20));
}

criterion_group!(benches, multipart);
criterion_main!(benches);
