//! The page of all functions, for people.

use super::example;
use super::schema::shown;
use provost_services::FunctionSpec;
use provost_wire::Description;
use provost_wire::description::{Requirement, Shape};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where functions are called and shown.
pub(super) const PATH: &str = "/webservice/functions";

/// A page of these functions, called at `url`.
pub(super) fn page<'a>(functions: impl Iterator<Item = &'a Arc<FunctionSpec>>, url: &str) -> String {
    let mut by_plugin: BTreeMap<&str, Vec<&FunctionSpec>> = BTreeMap::new();
    for function in functions {
        by_plugin.entry(function.plugin.manifest().id.as_str()).or_default().push(function);
    }
    let count: usize = by_plugin.values().map(Vec::len).sum();
    let mut page = Page::default();
    page.raw(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>Web-service functions</title>\n\
         <link rel=\"stylesheet\" href=\"functions.css\">\n\
         <script src=\"functions.js\" defer></script>\n</head>\n<body>\n",
    );
    page.raw("<header>\n<h1>Web-service functions</h1>\n<p>");
    page.text(&format!("{count} functions of {} plugins at ", by_plugin.len()));
    page.element("code", url);
    page.raw(
        ". The same as an <a href=\"openapi.json\">OpenAPI document</a>. Examples take the token from \
         <code>$TOKEN</code>.</p>\n\
         <div class=\"tools\" hidden><input type=\"search\" id=\"search\" placeholder=\"Search names, texts, capabilities\" \
         aria-label=\"Search\" autocomplete=\"off\" spellcheck=\"false\"><output id=\"found\"></output>\
         <button type=\"button\" id=\"all\">Open all</button></div>\n</header>\n<main>\n",
    );
    for (plugin, functions) in by_plugin {
        let manifest = functions.first().map(|function| function.plugin.manifest());
        page.raw("<section>\n<h2>");
        page.text(plugin);
        if let Some(manifest) = manifest {
            page.raw(" <small>");
            page.text(&manifest.version);
            page.raw("</small></h2>\n<p class=\"plugin\">");
            page.text(&manifest.description);
            page.raw("</p>\n");
        } else {
            page.raw("</h2>\n");
        }
        for function in functions {
            page.function(function, url);
        }
        page.raw("</section>\n");
    }
    page.raw("<p id=\"none\" hidden>No function has that.</p>\n</main>\n</body>\n</html>\n");
    page.out
}

#[derive(Default)]
struct Page {
    out: String,
}

impl Page {
    fn raw(&mut self, markup: &str) {
        self.out.push_str(markup);
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.raw("&amp;"),
                '<' => self.raw("&lt;"),
                '>' => self.raw("&gt;"),
                '"' => self.raw("&quot;"),
                '\'' => self.raw("&#39;"),
                c => self.out.push(c),
            }
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        self.raw(&format!("<{name}>"));
        self.text(text);
        self.raw(&format!("</{name}>"));
    }

    fn badge(&mut self, class: &str, text: &str) {
        self.raw(&format!(" <span class=\"badge {class}\">"));
        self.text(text);
        self.raw("</span>");
    }

    fn function(&mut self, function: &FunctionSpec, url: &str) {
        self.raw("<details id=\"");
        self.text(&function.name);
        self.raw("\">\n<summary><code>");
        self.text(&function.name);
        self.raw("</code>");
        if function.writes {
            self.badge("writes", "writes");
        }
        if function.public {
            self.badge("public", "no token needed");
        }
        self.raw("<span class=\"doc\">");
        self.text(&function.description);
        self.raw("</span></summary>\n<div class=\"body\">\n");
        if !function.capabilities.is_empty() {
            self.raw("<p class=\"capabilities\">Looks at");
            for capability in &function.capabilities {
                self.raw(" ");
                self.element("code", capability);
            }
            self.raw("</p>\n");
        }
        self.element("h3", "Parameters");
        match &function.parameters.shape {
            Shape::Single(keys) if keys.is_empty() => self.raw("<p>None.</p>\n"),
            _ => self.table(&function.parameters, true),
        }
        self.element("h3", "Answer");
        match &function.returns {
            Some(returns) => self.table(returns, false),
            None => self.raw("<p>Nothing: <code>null</code>.</p>\n"),
        }
        self.element("h3", "Example");
        let parameters = example::least(&function.parameters);
        self.code(&json_call(&function.name, &parameters, url, function.public));
        self.raw("<p>The same in Moodle’s protocol:</p>\n");
        self.code(&form_call(&function.name, &parameters, url));
        if let Some(returns) = &function.returns {
            self.raw("<p>An answer has this form:</p>\n");
            let answer = example::whole(returns);
            self.code(&serde_json::to_string_pretty(&answer).unwrap_or_default());
        }
        self.raw("</div>\n</details>\n");
    }

    fn code(&mut self, text: &str) {
        self.raw("<pre><code>");
        self.text(text);
        self.raw("</code></pre>\n");
    }

    fn table(&mut self, description: &Description, with_need: bool) {
        self.raw("<div class=\"wide\"><table>\n<thead><tr><th>Name</th><th>Type</th>");
        self.raw(if with_need { "<th>Default</th>" } else { "<th>Absent</th>" });
        self.raw("<th>Meaning</th></tr></thead>\n<tbody>\n");
        self.rows("", description, with_need);
        self.raw("</tbody>\n</table></div>\n");
    }

    /// A row for each part of a description, under the path that leads to it.
    fn rows(&mut self, path: &str, description: &Description, with_need: bool) {
        if !path.is_empty() || !matches!(description.shape, Shape::Single(_)) {
            self.row(path, description, with_need);
        }
        match &description.shape {
            Shape::Value(_) => {}
            Shape::Single(keys) => {
                for key in keys {
                    let path = if path.is_empty() { key.name.clone() } else { format!("{path}.{}", key.name) };
                    self.rows(&path, &key.description, with_need);
                }
            }
            Shape::Multiple { content, .. } => match content.shape {
                // The list's own row says what its elements are.
                Shape::Value(_) => {}
                Shape::Single(_) => self.rows_within(&format!("{path}[]"), content, with_need),
                Shape::Multiple { .. } => self.rows(&format!("{path}[]"), content, with_need),
            },
        }
    }

    /// The keys of a list's maps, without a row for the map.
    fn rows_within(&mut self, path: &str, description: &Description, with_need: bool) {
        let Shape::Single(keys) = &description.shape else { return };
        for key in keys {
            self.rows(&format!("{path}.{}", key.name), &key.description, with_need);
        }
    }

    fn row(&mut self, path: &str, description: &Description, with_need: bool) {
        self.raw("<tr><td>");
        match path.rsplit_once('.') {
            Some((before, name)) => {
                self.raw("<code><span class=\"within\">");
                self.text(before);
                self.raw(".</span>");
                self.text(name);
                self.raw("</code>");
            }
            None => self.element("code", if path.is_empty() { "–" } else { path }),
        }
        for alias in &description.aliases {
            self.raw("<br><small>or ");
            self.element("code", alias);
            self.raw("</small>");
        }
        self.raw("</td><td>");
        self.text(&type_of(description));
        if description.null {
            self.raw("<br><small>or null</small>");
        }
        self.raw("</td><td>");
        match &description.requirement {
            Requirement::Required if with_need => self.raw("<b>required</b>"),
            Requirement::Required => self.raw("never"),
            Requirement::Optional => self.raw(if with_need { "may be left out" } else { "may be" }),
            Requirement::Default(value) => self.element("code", &shown(value)),
        }
        self.raw("</td><td>");
        self.text(&description.doc);
        if matches!(description.shape, Shape::Multiple { pairs: true, .. }) {
            self.raw(" <small>Also spelled <code>[NAME]=VALUE</code>.</small>");
        }
        if description.secret {
            self.raw(" <small>Kept out of logs.</small>");
        }
        self.raw("</td></tr>\n");
    }
}

fn type_of(description: &Description) -> String {
    match &description.shape {
        Shape::Value(ty) => ty.name().to_owned(),
        Shape::Single(_) => "map".to_owned(),
        Shape::Multiple { content, .. } => format!("list of {}", type_of(content)),
    }
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

fn json_call(name: &str, parameters: &Value, url: &str, public: bool) -> String {
    let token = if public { "" } else { " -H \"Authorization: Bearer $TOKEN\" \\\n " };
    let body = quoted(&parameters.to_string());
    format!("curl {}{token} -H 'Content-Type: application/json' -d {body}", address(url, PATH, Some(name)) + " \\\n ")
}

fn form_call(name: &str, parameters: &Value, url: &str) -> String {
    let mut call = format!(
        "curl {} \\\n  -d wstoken=$TOKEN -d moodlewsrestformat=json -d wsfunction={name}",
        address(url, "/webservice/rest/server.php", None)
    );
    for field in example::fields(parameters) {
        call.push_str(" \\\n  -d ");
        call.push_str(&quoted(&field));
    }
    call
}

fn address(url: &str, path: &str, name: Option<&str>) -> String {
    let name = name.map(|name| format!("/{name}")).unwrap_or_default();
    format!("{}{path}{name}", url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use provost_wire::ParamType;
    use serde_json::json;

    #[test]
    fn calls() {
        let parameters = json!({ "id": 2, "names": ["O'Hara & co"] });
        assert_eq!(
            json_call("f", &parameters, "http://h/", false),
            "curl http://h/webservice/functions/f \\\n  -H \"Authorization: Bearer $TOKEN\" \\\n  \
             -H 'Content-Type: application/json' -d '{\"id\":2,\"names\":[\"O'\\''Hara & co\"]}'"
        );
        assert_eq!(
            form_call("f", &parameters, "http://h"),
            "curl http://h/webservice/rest/server.php \\\n  -d wstoken=$TOKEN -d moodlewsrestformat=json -d wsfunction=f \
             \\\n  -d 'id=2' \\\n  -d 'names[0]=O%27Hara%20%26%20co'"
        );
    }

    #[test]
    fn texts_of_plugins_are_no_markup() {
        let value = Description::value(ParamType::Int).doc("<script>alert(1)</script> & \"x\"");
        let described = Description::single([("list", Description::multiple(Description::single([("a", value)])))]);
        let mut page = Page::default();
        page.table(&described, true);
        assert!(!page.out.contains("<script>"));
        assert!(page.out.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;x&quot;"), "{}", page.out);
        assert!(page.out.contains("<span class=\"within\">list[].</span>a</code>"), "{}", page.out);
    }
}
