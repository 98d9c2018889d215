//! As much of a MongoDB server as the store of harbour talks to: OP_MSG, seven commands, documents in memory.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mongodb::bson::{Bson, Document, doc};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// The number of the one kind of message there is in the protocol of today.
const OP_MSG: i32 = 2013;

/// A server that runs until it is dropped.
pub struct Stub {
    address: SocketAddr,
    task: JoinHandle<io::Result<()>>,
}

impl Stub {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let database = Arc::new(Mutex::new(Database::default()));
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await?;
                tokio::spawn(serve(stream, Arc::clone(&database)));
            }
        });
        Self { address, task }
    }

    pub fn url(&self) -> String {
        format!("mongodb://{}/harbour", self.address)
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers the messages of one connection until the driver closes it.
async fn serve(mut stream: TcpStream, database: Arc<Mutex<Database>>) -> io::Result<()> {
    loop {
        let length = stream.read_i32_le().await?;
        let id = stream.read_i32_le().await?;
        let _response_to = stream.read_i32_le().await?;
        let kind = stream.read_i32_le().await?;
        let mut message = vec![0; length as usize - 16];
        stream.read_exact(&mut message).await?;
        assert_eq!(kind, OP_MSG, "the driver speaks a protocol of old");

        let answer = database.lock().unwrap().answer(&command(&message));
        let mut body = Vec::new();
        answer.to_writer(&mut body).unwrap();
        // Header (length, id, id of the request, kind), flags, a section of kind 0: one document.
        stream.write_i32_le(body.len() as i32 + 21).await?;
        for number in [0, id, OP_MSG, 0] {
            stream.write_i32_le(number).await?;
        }
        stream.write_u8(0).await?;
        stream.write_all(&body).await?;
    }
}

/// Reads a command: after the flags a section with the document itself, then others with long lists that belong into it.
fn command(message: &[u8]) -> Document {
    let mut rest = &message[4..];
    let mut command = Document::new();
    while let Some((kind, mut section)) = rest.split_first() {
        if *kind == 0 {
            command.extend(Document::from_reader(&mut section).unwrap());
            rest = section;
        } else {
            let length = i32::from_le_bytes(section[..4].try_into().unwrap()) as usize;
            let mut list = &section[4..length];
            let end = list.iter().position(|&byte| byte == 0).unwrap();
            let name = String::from_utf8(list[..end].to_vec()).unwrap();
            list = &list[end + 1..];
            let mut documents = Vec::new();
            while !list.is_empty() {
                documents.push(Document::from_reader(&mut list).unwrap());
            }
            command.insert(name, documents);
            rest = &section[length..];
        }
    }
    command
}

#[derive(Default)]
struct Database {
    resources: BTreeMap<i64, Document>,
    last: i64,
}

impl Database {
    fn answer(&mut self, command: &Document) -> Document {
        let (name, collection) = command.iter().next().unwrap();
        let first = |list: &str| command.get_array(list).unwrap()[0].as_document().unwrap();
        match name.as_str() {
            "hello" | "ismaster" | "isMaster" => doc! {
                "ok": 1, "ismaster": true, "isWritablePrimary": true, "helloOk": true, "minWireVersion": 0, "maxWireVersion": 21,
                "maxBsonObjectSize": 1 << 24, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
            },
            "ping" | "endSessions" => doc! { "ok": 1 },
            "findAndModify" => {
                assert_eq!(collection.as_str(), Some("counters"));
                self.last += 1;
                doc! { "ok": 1, "value": { "_id": "resources", "last": self.last } }
            }
            "insert" => {
                let document = first("documents");
                let before = self.resources.insert(id(document), document.clone());
                assert_eq!(before, None, "an id was given twice");
                doc! { "ok": 1, "n": 1 }
            }
            "find" => {
                let filter = command.get_document("filter").unwrap();
                let found: Vec<Bson> = match filter.get("_id").unwrap() {
                    Bson::Document(range) => {
                        let above = range.get_i64("$gt").unwrap();
                        let limit = command.get_i64("limit").unwrap();
                        let found = self.resources.range(above + 1..).map(|(_, one)| one.into());
                        found.take(limit as usize).collect()
                    }
                    _ => self
                        .resources
                        .get(&id(filter))
                        .map(Bson::from)
                        .into_iter()
                        .collect(),
                };
                doc! { "ok": 1, "cursor": { "id": 0_i64, "ns": "harbour.resources", "firstBatch": found } }
            }
            "update" => {
                let update = first("updates");
                let key = id(update.get_document("q").unwrap());
                let mut new = update.get_document("u").unwrap().clone();
                new.insert("_id", key);
                let matched = self.resources.get_mut(&key).map(|old| *old = new).is_some();
                doc! { "ok": 1, "n": i32::from(matched), "nModified": i32::from(matched) }
            }
            "delete" => {
                let key = id(first("deletes").get_document("q").unwrap());
                doc! { "ok": 1, "n": i32::from(self.resources.remove(&key).is_some()) }
            }
            other => doc! { "ok": 0, "code": 59, "errmsg": format!("no such command: '{other}'") },
        }
    }
}

fn id(document: &Document) -> i64 {
    document.get_i64("_id").unwrap()
}
