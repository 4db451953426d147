//! `provost category …`.

use crate::cli::Category;
use crate::output;
use crate::site::Site;
use anyhow::Result;
use provost_store::api::CategoryFields;
use serde_json::json;

pub async fn run(site: Site, command: Category, as_json: bool) -> Result<()> {
    match command {
        Category::List => {
            let categories = site.store.categories().await?;
            if as_json {
                let shown = categories.iter().map(|c| {
                    json!({ "id": c.id, "name": c.fields.name, "parent": c.fields.parent, "idnumber": c.fields.idnumber,
                            "visible": c.fields.visible, "courses": c.courses })
                });
                return output::json(&shown.collect::<Vec<_>>());
            }
            let rows = categories.into_iter().map(|c| {
                let parent = if c.fields.parent == 0 { String::new() } else { c.fields.parent.to_string() };
                [c.id.to_string(), c.fields.name, parent, c.fields.idnumber, c.courses.to_string()]
            });
            output::table(["ID", "NAME", "IN", "ID NUMBER", "COURSES"], rows.collect())
        }
        Category::Create { name, parent, idnumber } => {
            let fields =
                CategoryFields { name, parent: parent.unwrap_or(0), idnumber, visible: true, extra: "{}".into() };
            let id = site.store.add_categories(vec![fields]).await?.first().copied().unwrap_or_default();
            if as_json { output::json(&json!({ "categoryid": id })) } else { output::line(id) }
        }
    }
}
