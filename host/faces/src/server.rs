//! Routes and the server itself.

use crate::state::Faces;
use crate::{download, rest, upload};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{any, get, post};
use std::future::Future;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The routes.
pub fn router(faces: Faces) -> Router {
    let max_request = faces.options.max_request;
    Router::new()
        .route("/webservice/rest/server.php", any(rest::answer).layer(DefaultBodyLimit::max(max_request)))
        .route("/webservice/pluginfile.php", get(download::by_query))
        .route("/webservice/pluginfile.php/{*path}", get(download::by_path))
        .route("/webservice/upload.php", post(upload::answer).layer(DefaultBodyLimit::disable()))
        .with_state(faces)
}

/// Serves until `stop` resolves; requests under way are answered first.
pub async fn serve(
    listener: TcpListener,
    faces: Faces,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router(faces).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(stop).await
}
