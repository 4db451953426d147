//! How the tables say where ids and dates stand in a document.

use super::kinds::IdKind;

/// What the content of an element or the value of an attribute is.
#[derive(Debug, Clone)]
pub(super) enum Sense {
    /// The id of the thing that the document describes here.
    Defines(IdKind),
    /// As [`Sense::Defines`], of the module whose document it is.
    DefinesInstance,
    /// The id of the course's context, defined here.
    CourseContext,
    /// The id of the context of the person whose id stands before it, defined here.
    PersonContext,
    /// An id of something described anywhere. 0 and what is negative, null or no number means nothing.
    Refers(IdKind),
    /// An instance of the module whose document it is.
    RefersInstance,
    /// Ids with commas between them.
    List(IdKind),
    /// A scale when negative, points otherwise: `-3`, `-3.00000`.
    NegativeScale,
    /// A path of grade categories: `/8/9/`.
    CategoryPath,
    /// A grade formula with items as `##gi7##`.
    Formula,
    /// An availability condition in JSON.
    Availability,
    /// The condition of random questions in JSON.
    QuestionFilter,
    /// What an event of the log says beyond its columns: JSON in base64.
    Extras,
    /// A name such as `module_427`: the part after the last `_` is an id, its kind depends on the part before. `timed` is the
    /// kind where the name says that something was due. Fields after it need the name.
    Parameter {
        /// Kind of `bydate_7` and `grade_7`.
        timed: IdKind,
    },
    /// A name such as `response_38`, if that is the question this id names. Fields after it need the name.
    Response(u64),
    /// A date that moves with the course, in Unix seconds. 0 means none.
    Date,
    /// Nothing to change, but fields after it need the value.
    Key,
    /// It depends on fields before it.
    By(fn(&Before<'_>) -> Option<Sense>),
}

/// Where something stands, and what it is.
///
/// The path ends with the element's own name; names are joined by `/`. It is compared with the end of the element's path, or
/// with all of it when it begins with `/`, where `*` stands for any one name. `@name` at the end means an attribute.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub path: &'static str,
    pub sense: Sense,
}

pub(super) const fn rule(path: &'static str, sense: Sense) -> Rule {
    Rule { path, sense }
}

/// An element or attribute whose value defines an id.
pub(super) const fn defines(path: &'static str, kind: IdKind) -> Rule {
    rule(path, Sense::Defines(kind))
}

/// An element or attribute that refers.
pub(super) const fn refers(path: &'static str, kind: IdKind) -> Rule {
    rule(path, Sense::Refers(kind))
}

/// An element whose value later ones depend on.
pub(super) const fn key(path: &'static str) -> Rule {
    rule(path, Sense::Key)
}

/// A date that moves.
pub(super) const fn date(path: &'static str) -> Rule {
    rule(path, Sense::Date)
}

/// An element that depends on what stands before it.
pub(super) const fn by(path: &'static str, of: fn(&Before<'_>) -> Option<Sense>) -> Rule {
    rule(path, Sense::By(of))
}

/// What stands before an element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Before<'a> {
    pub path: &'a str,
    /// The open elements around it, the root first.
    pub around: &'a [Fields],
    pub module: &'a str,
}

impl<'a> Before<'a> {
    /// A field beside it, empty when there was none. Only those that the tables call keys are known.
    pub fn field(&self, name: &str) -> &'a str {
        self.outer(0, name)
    }

    /// A field beside one of the elements around it: 1 is the parent.
    pub fn outer(&self, up: usize, name: &str) -> &'a str {
        let fields = self.around.len().checked_sub(up + 1).and_then(|i| self.around.get(i));
        fields.map_or("", |f| f.get(name))
    }

    /// The element's own name.
    pub fn name(&self) -> &'a str {
        self.path.rsplit('/').next().unwrap_or_default()
    }
}

/// Values of an element's fields that were kept for what follows them.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub fn set(&mut self, name: &str, value: String) {
        match self.0.iter_mut().find(|(n, _)| n == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
}

/// A rule taken apart for comparing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    path: &'static str,
    name: &'static str,
    /// Whether the whole path must fit.
    whole: bool,
    pub attribute: Option<&'static str>,
    pub sense: &'static Sense,
}

impl Fit {
    pub fn of(rule: &'static Rule) -> Self {
        let (path, attribute) = match rule.path.split_once('@') {
            Some((path, attribute)) => (path, Some(attribute)),
            None => (rule.path, None),
        };
        let (path, whole) = path.strip_prefix('/').map_or((path, false), |p| (p, true));
        let name = path.rsplit('/').next().unwrap_or_default();
        Self { path, name, whole, attribute, sense: &rule.sense }
    }

    /// Whether an element fits, by its path and name.
    pub fn fits(&self, path: &str, name: &str) -> bool {
        if self.name != name && self.name != "*" {
            return false;
        }
        if !self.whole {
            return path.strip_suffix(self.path).is_some_and(|before| before.is_empty() || before.ends_with('/'));
        }
        if !self.path.contains('*') {
            return self.path == path;
        }
        let mut found = path.split('/');
        self.path.split('/').all(|s| found.next().is_some_and(|f| s == "*" || s == f)) && found.next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(rule: &str, path: &str) -> bool {
        let rule: &'static Rule = Box::leak(Box::new(Rule { path: String::leak(rule.to_owned()), sense: Sense::Key }));
        Fit::of(rule).fits(path, path.rsplit('/').next().unwrap_or_default())
    }

    #[test]
    fn paths_fit_from_the_end_or_as_a_whole() {
        assert!(fits("group@id", "groups/group"));
        assert!(fits("a/b", "a/b") && fits("a/b", "x/a/b"));
        assert!(!fits("a/b", "xa/b") && !fits("a/b", "a/b/c"));
        assert!(fits("/a/b", "a/b") && !fits("/a/b", "x/a/b"));
        assert!(fits("/a/*", "a/b") && fits("/a/*/c", "a/b/c") && !fits("/a/*", "a/b/c"));
    }
}
