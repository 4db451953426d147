//! `webservice/upload.php`: files into the caller's draft area, streamed to the blob store (moodle-webservices.md 1.10).

use crate::call;
use crate::script;
use crate::state::Faces;
use axum::extract::multipart::{Field, MultipartRejection};
use axum::extract::{ConnectInfo, Multipart, RawQuery, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use provost_services::access::{self, Access};
use provost_services::audit;
use provost_store::api::{BlobRef, BlobWriter, NewAreaFile, OnTaken, Person, StoreError};
use provost_wire::clean::{self, Installed};
use provost_wire::form::{Node, Tree};
use provost_wire::{ParamType, WireError, request, respond};
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};

/// What uploads are called in the audit log.
const SCRIPT: &str = "webservice/upload.php";

/// The original calls its answers plain text where files came.
const TEXT: &str = "text/plain; charset=utf-8";

pub(crate) async fn answer(
    State(faces): State<Faces>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    RawQuery(query): RawQuery,
    sent: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let mut with_files = false;
    match take(&faces, peer.ip(), query.as_deref().unwrap_or(""), &sent, form, &mut with_files).await {
        Ok(files) => {
            let content_type = if with_files { TEXT } else { script::JSON };
            script::respond(StatusCode::OK, content_type, respond::json(&Value::Array(files)))
        }
        Err(error) => {
            let content_type = if with_files { TEXT } else { script::JSON };
            script::refuse(&faces, &sent, content_type, &error)
        }
    }
}

/// What may come before the token of a request that has it behind the files, as clients that print the form in their own order
/// do. It is held, and stored only when the token turns out to be good.
const HELD_BYTES: u64 = 256 << 20;
const HELD_FILES: usize = 16;

/// A file that came, not yet in the area.
struct Arrived {
    name: String,
    mimetype: String,
    size: u64,
    content: Content,
}

enum Content {
    /// From somebody who has not said who they are; dropping it leaves nothing.
    Held(Box<dyn BlobWriter>),
    Stored(BlobRef),
    TooLarge,
}

impl Arrived {
    async fn store(self) -> Result<Self, WireError> {
        let content = match self.content {
            Content::Held(writer) => Content::Stored(writer.finish().await.map_err(access::store_error)?),
            content => content,
        };
        Ok(Self { content, ..self })
    }
}

async fn take(
    faces: &Faces,
    peer: IpAddr,
    query: &str,
    sent: &HeaderMap,
    form: Result<Multipart, MultipartRejection>,
    with_files: &mut bool,
) -> Result<Vec<Value>, WireError> {
    let store = faces.registry.host().store.as_ref();
    let mut texts = request::variables(query.as_bytes(), request::Body::None, faces.limits()).unwrap_or_default();
    // Who has parts to send most likely has files among them.
    *with_files = form.is_ok();
    // The token may come before or after the files. Where it comes first, a stranger's upload is refused at once.
    let mut caller = match call::token(sent, text(&texts, "token"))? {
        Some(_) => Some(authenticate(faces, peer, sent, text(&texts, "token")).await?),
        None => None,
    };
    let mut arrived = Vec::new();
    let mut text_bytes = 0;
    if let Ok(mut form) = form {
        while let Some(field) = form.next_field().await.map_err(broken)? {
            let name = field.name().unwrap_or("").to_owned();
            if field.file_name().is_some() {
                if let (None, Some(token)) = (&caller, text(&texts, "token")) {
                    caller = Some(authenticate(faces, peer, sent, Some(token)).await?);
                }
                if caller.is_some() {
                    arrived.push(receive(faces, field, faces.options.max_upload).await?.store().await?);
                    continue;
                }
                let held: u64 = arrived.iter().map(|file: &Arrived| file.size).sum();
                let file = receive(faces, field, HELD_BYTES.saturating_sub(held)).await?;
                if matches!(file.content, Content::TooLarge) || arrived.len() == HELD_FILES {
                    let why = format!("after {HELD_FILES} files or {HELD_BYTES} bytes at the latest");
                    return Err(WireError::missing_script_parameter("token").with_debuginfo(why));
                }
                arrived.push(file);
            } else {
                text_bytes += name.len();
                let value = short_text(field, faces.options.max_request, &mut text_bytes).await?;
                texts.insert(name, Node::Text(value));
            }
        }
    }
    let caller = match caller {
        Some(caller) => caller,
        None => {
            let token = text(&texts, "token").ok_or_else(|| WireError::missing_script_parameter("token"))?;
            authenticate(faces, peer, sent, Some(token)).await?
        }
    };
    call::token(sent, text(&texts, "token"))?;
    *with_files = !arrived.is_empty();
    if arrived.is_empty() {
        return Ok(Vec::new());
    }
    let path = folder(text(&texts, "filepath").unwrap_or("/"));
    let item = match text(&texts, "itemid").and_then(|v| v.parse().ok()).unwrap_or(0) {
        0 => store.new_item_id().await.map_err(access::store_error)?,
        item => item,
    };
    let context = store.person_context(caller.person.id).await.map_err(access::store_error)?;
    let mut answers = Vec::new();
    let mut ended = Ok(());
    for file in arrived {
        let put = async { put(faces, &caller, context, item, &path, file.store().await?).await };
        match put.await {
            Ok(answer) => answers.push(answer),
            Err(error) => {
                ended = Err(error);
                break;
            }
        }
    }
    let kept: Vec<_> = answers.iter().map(|a| json!([a["filename"], a["filesize"], a["errortype"]])).collect();
    let detail = json!({ "itemid": item, "filepath": path, "files": kept }).to_string();
    let row = audit::row("upload", Some(&caller.person), peer, SCRIPT, detail, ended.as_ref().copied());
    audit::note(store, row).await;
    ended.map(|()| answers)
}

/// A field that is no file. All of them together may have `limit` bytes.
async fn short_text(mut field: Field<'_>, limit: usize, taken: &mut usize) -> Result<String, WireError> {
    let mut value = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        *taken += chunk.len();
        if *taken > limit {
            return Err(WireError::request_too_large(format!("at most {limit} bytes are taken besides files")));
        }
        value.extend_from_slice(&chunk);
    }
    String::from_utf8(value).map_err(|error| WireError::invalid_parameter(error.to_string()))
}

fn text<'a>(tree: &'a Tree, name: &str) -> Option<&'a str> {
    tree.get(name).and_then(Node::as_text)
}

fn broken(error: axum::extract::multipart::MultipartError) -> WireError {
    WireError::coded("uploadfailed", "The upload did not arrive whole").with_debuginfo(error.to_string())
}

async fn authenticate(faces: &Faces, peer: IpAddr, sent: &HeaderMap, token: Option<&str>) -> Result<Access, WireError> {
    let access = call::authenticate(faces, sent, token, peer).await?;
    if !access.service.upload_files {
        return Err(WireError::access_exception("the service does not allow uploads"));
    }
    Ok(access)
}

/// Streams a file towards the blob store. A client that goes away leaves nothing. What is beyond the limit is not kept.
async fn receive(faces: &Faces, mut field: Field<'_>, limit: u64) -> Result<Arrived, WireError> {
    let name = file_name(field.file_name().unwrap_or(""));
    let mimetype = field.content_type().unwrap_or("application/octet-stream").to_owned();
    let blobs = &faces.registry.host().blobs;
    let mut writer = Some(blobs.writer().await.map_err(access::store_error)?);
    let mut size = 0u64;
    while let Some(chunk) = field.chunk().await.map_err(broken)? {
        size += chunk.len() as u64;
        match &mut writer {
            Some(open) if size <= limit => open.write(chunk).await.map_err(access::store_error)?,
            _ => writer = None,
        }
    }
    Ok(Arrived { name, mimetype, size, content: writer.map_or(Content::TooLarge, Content::Held) })
}

async fn put(
    faces: &Faces,
    caller: &Access,
    context: u64,
    item: u64,
    path: &str,
    file: Arrived,
) -> Result<Value, WireError> {
    let size = file.size;
    let refused = |kind: &str, why: &str| json!({ "filename": file.name, "filepath": path, "size": size, "errortype": kind, "error": why });
    let Content::Stored(blob) = &file.content else {
        let why = format!("The file has {size} bytes; {} are allowed", faces.options.max_upload);
        return Ok(refused("fileoversized", &why));
    };
    if file.name.is_empty() {
        return Ok(refused("invalidfilename", "The file has no usable name"));
    }
    let new = NewAreaFile {
        context,
        component: "user".into(),
        area: "draft".into(),
        item,
        path: path.to_owned(),
        name: file.name.clone(),
        blob: blob.clone(),
        mimetype: file.mimetype.clone(),
        person: caller.person.id,
    };
    match faces.registry.host().store.put_area_file(new, OnTaken::Refuse, None).await {
        Ok(put) => Ok(json!({
            "component": put.component, "contextid": put.context, "userid": put.person.to_string(),
            "filearea": put.area, "filename": put.name, "filepath": put.path, "itemid": put.item,
            "license": "unknown", "author": author(&caller.person),
            "source": source(&put.name), "filesize": put.blob.size,
        })),
        Err(StoreError::Conflict { .. }) => {
            Ok(refused("filenameexist", &format!("File name already exists: {}", file.name)))
        }
        Err(error) => Err(access::store_error(error)),
    }
}

/// What the file is from, in the form in which PHP keeps it (recorded).
fn source(name: &str) -> String {
    format!("O:8:\"stdClass\":1:{{s:6:\"source\";s:{}:\"{name}\";}}", name.len())
}

fn author(person: &Person) -> String {
    format!("{} {}", person.firstname, person.lastname).trim().to_owned()
}

/// A folder path with one slash at either end, its segments cleaned.
fn folder(path: &str) -> String {
    let segments = path.split(['/', '\\']).map(file_name).filter(|s| !s.is_empty());
    segments.fold(String::from("/"), |path, segment| path + &segment + "/")
}

/// A name cleaned as the protocol's type FILE.
fn file_name(name: &str) -> String {
    clean::clean(ParamType::File, name, &Installed::any()).into_owned()
}
