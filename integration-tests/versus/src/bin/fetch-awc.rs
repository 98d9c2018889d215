//! awc as a client of the comparison: `fetch-awc awc WORK PORT COUNT`; the work is described at [`versus::work`].

use std::convert::Infallible;

use awc::Client;
use awc::body::SizedStream;
use awc::http::header::{ACCEPT, USER_AGENT};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::task::LocalSet;
use versus::server::Failure;
use versus::work::{Fetch, Greeting, Work};
use versus::{LARGE, Pieces};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let (_, work) = Work::take()?;
    LocalSet::new().run_until(work.run::<Awc>()).await
}

struct Awc {
    client: Client,
}

impl Fetch for Awc {
    async fn open(_: &str) -> Result<Self, Failure> {
        let client = Client::builder()
            .add_default_header((ACCEPT, "*/*"))
            .add_default_header((USER_AGENT, "wharf/0.1.0"))
            .finish();
        Ok(Self { client })
    }

    async fn beside(&self, _: &str) -> Result<Self, Failure> {
        Ok(Self {
            client: self.client.clone(),
        })
    }

    async fn get(&mut self, url: &str) -> Result<u64, Failure> {
        let mut response = self.client.get(url).send().await.map_err(told)?;
        let mut bytes = 0;
        while let Some(piece) = response.next().await {
            bytes += piece?.len() as u64;
        }
        Ok(bytes)
    }

    async fn json(&mut self, url: &str) -> Result<Greeting, Failure> {
        let mut response = self.client.get(url).send().await.map_err(told)?;
        Ok(response.json().await?)
    }

    async fn post(&mut self, url: &str) -> Result<(), Failure> {
        let pieces = futures_util::stream::iter(Pieces::new(LARGE).map(Ok::<Bytes, Infallible>));
        let mut response = self
            .client
            .post(url)
            .send_body(SizedStream::new(LARGE, pieces))
            .await
            .map_err(told)?;
        response.body().await?;
        Ok(())
    }
}

/// Its errors are no errors of the standard library.
fn told(error: awc::error::SendRequestError) -> Failure {
    error.to_string().into()
}
