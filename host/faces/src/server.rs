//! Routes and the server itself.

use crate::state::Faces;
use crate::{ajax, discovery, download, functions, hook, image, proxy, rest, token, upload};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{any, get};
use std::future::Future;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The routes.
pub fn router(faces: Faces) -> Router {
    let limit = DefaultBodyLimit::max(faces.options.max_request);
    let mut router = Router::new()
        .route("/webservice/rest/server.php", any(rest::answer).layer(limit))
        .route("/webservice/functions/{name}", any(functions::answer).layer(limit))
        .route("/lib/ajax/service.php", any(ajax::service))
        .route("/lib/ajax/service-nologin.php", any(ajax::service_without_login))
        .route("/login/token.php", any(token::answer).layer(limit))
        .route("/webservice/upload.php", get(upload::answer).post(upload::answer).layer(DefaultBodyLimit::disable()))
        .route("/theme/image.php", get(image::by_query))
        .route("/theme/image.php/{*path}", get(image::by_path))
        .route(download::BY_KEY, get(download::by_key))
        .route(&format!("{}/{{*path}}", download::BY_KEY), get(download::by_key));
    for script in download::BY_TOKEN {
        router = router
            .route(script, get(download::by_token))
            .route(&format!("{script}/{{*path}}"), get(download::by_token));
    }
    if faces.options.hooks {
        router =
            router.route("/hooks/{plugin}", any(hook::receive)).route("/hooks/{plugin}/{*path}", any(hook::receive));
    }
    if faces.options.discovery {
        router = router
            .route("/webservice/functions", get(discovery::page))
            .route("/webservice/functions.css", get(discovery::style))
            .route("/webservice/functions.js", get(discovery::script))
            .route("/webservice/openapi.json", get(discovery::document));
    }
    router.layer(middleware::from_fn_with_state(faces.clone(), proxy::find_client)).with_state(faces)
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
