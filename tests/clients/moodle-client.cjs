// A course's way through Provost, gone by the npm client moodle-client. Run by tests/tests/clients.rs.
//
// Arguments: address of the server, username, a course's id, an archive, a file to write the download to. The password comes
// on standard input. Prints what was done as JSON; whatever is not as it should be ends it with a message.
"use strict";

const assert = require("node:assert").strict;
const fs = require("node:fs");
const path = require("node:path");
const moodleClient = require("moodle-client");

const PATIENCE = 180000;

async function wait(ask) {
  for (const end = Date.now() + PATIENCE; Date.now() < end; ) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("gave up waiting");
}

async function main(url, username, courseText, archive, target) {
  const password = fs.readFileSync(0, "utf8").split("\n")[0];
  const course = Number(courseText);
  await assert.rejects(
    moodleClient.init({ wwwroot: url, username, password: "not " + password }),
    /Invalid login, please try again/,
  );
  const client = await moodleClient.init({ wwwroot: url, username, password });
  assert.match(client.token, /^[0-9a-f]{32}$/);
  // By GET unless asked otherwise; arguments are spelled options[0][name]=…
  const get = (wsfunction, args = {}) => client.call({ wsfunction, args });
  const post = (wsfunction, args = {}) => client.call({ wsfunction, args, method: "POST" });

  const info = await get("core_webservice_get_site_info");
  assert.equal(info.username, username);
  assert.deepEqual(await post("core_webservice_get_site_info"), info);
  assert.ok(info.functions.some((f) => f.name === "provost_course_restore_async"), "restore is offered");

  const courses = await get("core_course_get_courses", { options: { ids: [course] } });
  assert.deepEqual(courses.map((c) => c.id), [course]);
  const sections = await client.call({
    wsfunction: "core_course_get_contents",
    args: { courseid: course, options: [{ name: "excludecontents", value: 1 }] },
    settings: { raw: true, fileurl: false, filter: false },
  });
  const modules = sections.flatMap((s) => s.modules);
  assert.ok(modules.length > 0 && modules.every((m) => !(m.contents || []).length), "no contents when they are excluded");

  const created = await post("core_course_create_courses", {
    courses: [{ fullname: "Made by moodle-client – ü", shortname: "moodle-client", categoryid: courses[0].categoryid }],
  });
  assert.equal(created[0].shortname, "moodle-client");
  // Errors are answers to this client.
  const taken = await post("core_course_create_courses", {
    courses: [{ fullname: "x", shortname: "moodle-client", categoryid: courses[0].categoryid }],
  });
  assert.equal(taken.errorcode, "shortnametaken");

  const uploaded = await client.upload({
    files: { file_1: { value: fs.createReadStream(archive), options: { filename: path.basename(archive) } } },
    targetpath: "/incoming/",
  });
  assert.equal(uploaded[0].filesize, fs.statSync(archive).size, JSON.stringify(uploaded));
  assert.equal(uploaded[0].filepath, "/incoming/");

  const { restoreid } = await post("provost_course_restore_async", {
    itemid: uploaded[0].itemid,
    shortname: "client_restored",
    options: [{ name: "users", value: 1 }],
  });
  const details = await wait(async () => {
    const now = await get("provost_course_restore_get_details", { jobid: restoreid });
    return now.status >= 900 ? now : undefined;
  });
  assert.equal(details.status, 1000, JSON.stringify(details));
  const found = await get("core_course_get_courses_by_field", { field: "shortname", value: "client_restored" });
  assert.equal(found.courses.length, 1, JSON.stringify(found));
  const restored = found.courses[0].id;

  const { backupid } = await post("core_course_backup_async", {
    courseid: restored,
    options: [{ name: "users", value: 1 }],
  });
  const status = await wait(async () => {
    const [now] = await get("core_course_backup_async_get_status", { backupid });
    return now.status >= 900 ? now.status : undefined;
  });
  assert.equal(status, 1000);
  const listed = await get("core_course_backup_list_backups", { courseid: restored });
  assert.equal(listed.length, 1, JSON.stringify(listed));
  const filepath = decodeURIComponent(new URL(listed[0].downloadurl).pathname.split("/webservice/pluginfile.php")[1]);
  const contextid = Number(filepath.split("/")[1]);
  const progress = await get("core_backup_get_async_backup_progress", { backupids: [backupid], contextid });
  assert.deepEqual(progress, [{ status: 1000, progress: 1, backupid, operation: "backup" }]);

  const content = await client.download({ filepath });
  assert.equal(content.length, listed[0].filesize);
  fs.writeFileSync(target, content);

  const gone = await post("core_course_delete_courses", { courseids: [created[0].id, restored] });
  assert.deepEqual(gone, { warnings: [] });
  const missing = await get("core_course_get_contents", { courseid: restored });
  assert.equal(missing.errorcode, "invalidrecord");
  console.log(JSON.stringify({ token: client.token, created: created[0].id, restored, filename: listed[0].filename }));
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
