//! The fields every course, section, activity and block has, read from their documents, named as in `course-store.wit`.

use crate::xml::fields::Fields;
use crate::xml::tree::Element;
use crate::xml::{XmlError, XmlErrorKind};

/// Fields of `course.xml`. Times are Unix seconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct CourseFields {
    /// The course's id in the archive.
    pub local: u64,
    /// Its context id in the archive.
    pub context: u64,
    pub fullname: String,
    pub shortname: String,
    pub idnumber: String,
    pub format: String,
    pub start_date: i64,
    pub end_date: i64,
    pub visible: bool,
    /// The category's id at the origin; 0 where the archive does not say.
    pub category: u64,
    pub created: i64,
    pub modified: i64,
}

/// Fields of `section.xml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct SectionFields {
    pub local: u64,
    pub number: u32,
    /// Empty for an unnamed section.
    pub name: String,
    pub visible: bool,
    /// The component that shows the section within an activity, such as `mod_subsection`, and its instance (4.5+).
    pub delegated: Option<(String, u64)>,
    /// Course module ids as Moodle listed them. A restore takes the order of the master file instead.
    pub sequence: Vec<u64>,
}

/// Fields of `module.xml` and the module's own document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct ActivityFields {
    /// The course module id.
    pub local: u64,
    pub section: u64,
    pub module: String,
    pub instance: u64,
    pub context: u64,
    pub name: String,
    pub visible: bool,
    pub idnumber: String,
}

/// Fields of `block.xml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct BlockFields {
    pub local: u64,
    pub name: String,
    pub context: u64,
    /// The context of the page it stands on.
    pub parent_context: u64,
}

/// Reads `course/course.xml`.
pub fn course(document: &[u8]) -> Result<CourseFields, XmlError> {
    let f = expect(Fields::of(document)?, "course")?;
    // The category is an element with an id, so no field.
    let root = Element::parse(document)?;
    let category = root.child("category").and_then(|c| c.attribute("id")).and_then(|id| id.trim().parse().ok());
    Ok(CourseFields {
        local: f.attribute_id("id").unwrap_or(0),
        context: f.attribute_id("contextid").unwrap_or(0),
        fullname: f.text("fullname"),
        shortname: f.text("shortname"),
        idnumber: f.text("idnumber"),
        format: f.text("format"),
        start_date: f.number("startdate"),
        end_date: f.number("enddate"),
        visible: !f.has("visible") || f.flag("visible"),
        category: category.unwrap_or(0),
        created: f.number("timecreated"),
        modified: f.number("timemodified"),
    })
}

/// Reads a `section.xml`.
pub fn section(document: &[u8]) -> Result<SectionFields, XmlError> {
    let f = expect(Fields::of(document)?, "section")?;
    let component = f.text("component");
    Ok(SectionFields {
        local: f.attribute_id("id").unwrap_or(0),
        number: u32::try_from(f.id("number")).unwrap_or(0),
        name: f.text("name"),
        visible: !f.has("visible") || f.flag("visible"),
        delegated: (!component.is_empty()).then(|| (component, f.id("itemid"))),
        sequence: f.text("sequence").split(',').filter_map(|id| id.trim().parse().ok()).collect(),
    })
}

/// Reads a `module.xml` and the beginning of the module's own document. The first 64 KiB of the latter are plenty: the
/// name comes first. When it holds no name, the name is empty.
pub fn activity(module_xml: &[u8], own_head: &[u8]) -> Result<ActivityFields, XmlError> {
    let module = expect(Fields::of(module_xml)?, "module")?;
    let outer = expect(Fields::of_head(own_head)?, "activity")?;
    let name = Fields::of_level_head(own_head, 1).map(|f| f.text("name")).unwrap_or_default();
    Ok(ActivityFields {
        local: module.attribute_id("id").unwrap_or(0),
        section: module.id("sectionid"),
        module: module.text("modulename"),
        instance: outer.attribute_id("id").unwrap_or(0),
        context: outer.attribute_id("contextid").unwrap_or(0),
        name,
        visible: !module.has("visible") || module.flag("visible"),
        idnumber: module.text("idnumber"),
    })
}

/// Reads from a `module.xml` the id and the number of the section in which the activity is.
pub fn section_of_module(document: &[u8]) -> Result<(u64, u32), XmlError> {
    let f = expect(Fields::of(document)?, "module")?;
    Ok((f.id("sectionid"), u32::try_from(f.id("sectionnumber")).unwrap_or(0)))
}

/// Reads from a `gradebook.xml` the id of the category that all others are in, if there is one.
pub fn top_grade_category(document: &[u8]) -> Result<Option<u64>, XmlError> {
    let root = Element::parse(document)?;
    let mut categories = root.child("grade_categories").into_iter().flat_map(|list| list.all("grade_category"));
    let top = categories.find(|c| matches!(c.field("parent"), None | Some("" | "0")));
    Ok(top.and_then(|c| c.attribute("id")).and_then(|id| id.trim().parse().ok()))
}

/// Reads from an activity's `grades.xml` the ids of the categories in which its grade items are.
pub fn grade_categories(document: &[u8]) -> Result<Vec<u64>, XmlError> {
    let root = Element::parse(document)?;
    let items = root.child("grade_items").into_iter().flat_map(|list| list.all("grade_item"));
    Ok(items.filter_map(|item| item.field("categoryid")?.trim().parse().ok()).filter(|id| *id != 0).collect())
}

/// Checks the beginning of a module's own document, which [`activity`] reads too: an error here is that document's.
pub fn activity_head(own_head: &[u8]) -> Result<(), XmlError> {
    expect(Fields::of_head(own_head)?, "activity").map(drop)
}

/// Reads a `block.xml`.
pub fn block(document: &[u8]) -> Result<BlockFields, XmlError> {
    let f = expect(Fields::of(document)?, "block")?;
    Ok(BlockFields {
        local: f.attribute_id("id").unwrap_or(0),
        name: f.text("blockname"),
        context: f.attribute_id("contextid").unwrap_or(0),
        parent_context: f.id("parentcontextid"),
    })
}

fn expect<'a>(fields: Fields<'a>, name: &str) -> Result<Fields<'a>, XmlError> {
    if fields.name() == name {
        return Ok(fields);
    }
    let kind = XmlErrorKind::Content(format!("the root is <{}>, not <{name}>", fields.name()));
    Err(XmlError { kind, line: 1, offset: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn small_documents_are_read() {
        let c = course(b"<course id=\"7\" contextid=\"70\"><shortname>s</shortname><fullname>F &amp; G</fullname><idnumber/><startdate>5</startdate><visible>0</visible><category id=\"3\"><name>x</name></category></course>").unwrap();
        assert_eq!(
            (c.local, c.context, c.fullname.as_str(), c.start_date, c.visible, c.category),
            (7, 70, "F & G", 5, false, 3)
        );
        let s =
            section(b"<section id=\"2\"><number>1</number><name>$@NULL@$</name><sequence>3,,5</sequence></section>")
                .unwrap();
        assert_eq!(
            s,
            SectionFields { local: 2, number: 1, visible: true, sequence: vec![3, 5], ..SectionFields::default() }
        );
        let error = block(b"<section/>").unwrap_err();
        assert_eq!(error.kind.to_string(), "the root is <section>, not <block>");
    }

    #[test]
    fn real_documents_are_read() {
        let Some(archive) = testing::archive("small_test_users1.tgz.mbz") else { return };
        let c = course(&archive["course/course.xml"]).unwrap();
        assert_eq!((c.local, c.context, c.shortname.as_str(), c.category), (7, 1454, "small_test", 1));
        let s = section(&archive["sections/section_135/section.xml"]).unwrap();
        assert_eq!(s.delegated, Some(("mod_subsection".into(), 3)));
        assert_eq!((s.number, s.sequence.as_slice()), (6, [451].as_slice()));
        let own = &archive["activities/forum_433/forum.xml"];
        let a = activity(&archive["activities/forum_433/module.xml"], &own[..400]).unwrap();
        assert_eq!((a.local, a.section, a.module.as_str(), a.visible), (433, 131, "forum", true));
        assert!(!a.name.is_empty() && a.context > 0 && a.instance > 0);
        let b = block(&archive["course/blocks/html_10/block.xml"]).unwrap();
        assert_eq!(b, BlockFields { local: 10, name: "html".into(), context: 1480, parent_context: 1454 });
    }
}
