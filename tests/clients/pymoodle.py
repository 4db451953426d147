"""A course's way through Provost, gone by the PyPI client pymoodle. Run by tests/tests/clients.rs.

Arguments: address of the server, username, a course's id, an archive, a file to write the download to. The password comes on
standard input. Prints what was done as JSON; whatever is not as it should be ends it with a traceback.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from moodle.exceptions import MoodleException, WebserviceException
from moodle.session import AsyncMoodleClient, MoodleClient

PATIENCE = 180


def wait(ask):
    """Asks until there is an answer."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(0.05)
    raise AssertionError("gave up waiting")


def refused(call, code):
    try:
        answer = call()
    except WebserviceException as error:
        assert error.errorcode == code, error
        return
    raise AssertionError(f"not refused: {answer}")


def main(url, username, course, archive, target):
    password = sys.stdin.readline().rstrip("\n")
    course = int(course)
    with MoodleClient(url, "", timeout=60) as client:
        # Asks tool_mobile_get_public_config by lib/ajax/service.php how to log in, then login/token.php.
        try:
            client.get_token(username, "not " + password)
        except MoodleException as error:
            assert str(error) == "Invalid login, please try again", error
        else:
            raise AssertionError("logged in with a wrong password")
        client.wstoken = client.get_token(username, password)
        assert client.get_token(username, password) == client.wstoken, "the same token until it is revoked"

        info = client.core_webservice_get_site_info()
        assert info["username"] == username and info["siteurl"] == url, info
        offered = {function["name"] for function in info["functions"]}
        for needed in ("core_course_get_courses", "core_course_backup_async", "provost_course_restore_async"):
            assert needed in offered, f"{needed} is not among {sorted(offered)}"

        courses = client.core_course_get_courses(options={"ids": [course]})
        assert [c["id"] for c in courses] == [course], courses
        everything = client.core_course_get_courses()
        assert course in [c["id"] for c in everything], everything
        by_field = client.core_course_get_courses_by_field(field="shortname", value=courses[0]["shortname"])
        assert [c["id"] for c in by_field["courses"]] == [course], by_field
        sections = client.core_course_get_contents(courseid=course)
        modules = [module for section in sections for module in section["modules"]]
        assert modules, sections
        one = client.core_course_get_contents(
            courseid=course, options=[{"name": "cmid", "value": str(modules[0]["id"])}]
        )
        assert [m["id"] for s in one for m in s["modules"]] == [modules[0]["id"]], one
        people = client.core_enrol_get_enrolled_users(courseid=course)
        assert people, people

        created = client.core_course_create_courses(
            courses=[{"fullname": "Made by pymoodle – ü", "shortname": "pymoodle", "categoryid": courses[0]["categoryid"]}]
        )
        assert created[0]["shortname"] == "pymoodle", created
        refused(
            lambda: client.core_course_create_courses(
                courses=[{"fullname": "x", "shortname": "pymoodle", "categoryid": courses[0]["categoryid"]}]
            ),
            "shortnametaken",
        )

        # The client has no function for upload.php; it is a session of httpx and can post to it.
        with open(archive, "rb") as file:
            answer = client.post(
                f"{url}/webservice/upload.php",
                data={"token": client.wstoken},
                files={"file_1": (Path(archive).name, file)},
            )
        uploaded = answer.json()
        assert uploaded[0]["filesize"] == Path(archive).stat().st_size, uploaded

        restore = client.webservice(
            "provost_course_restore_async",
            {"itemid": uploaded[0]["itemid"], "shortname": "pymoodle_restored", "options": [{"name": "users", "value": True}]},
        )["restoreid"]

        def ended(kind, job):
            details = client.webservice(f"provost_course_{kind}_get_details", {"jobid": job})
            return details if details["status"] >= 900 else None

        details = wait(lambda: ended("restore", restore))
        assert details["status"] == 1000, details
        restored = client.core_course_get_courses_by_field(field="shortname", value="pymoodle_restored")["courses"]
        assert len(restored) == 1, restored
        restored = restored[0]["id"]

        backup = client.webservice(
            "core_course_backup_async", {"courseid": restored, "options": [{"name": "users", "value": 1}]}
        )["backupid"]

        def backed_up():
            status = client.webservice("core_course_backup_async_get_status", {"backupid": backup})
            assert len(status) == 1 and 0 <= status[0]["progress"] <= 1, status
            return status[0]["status"] if status[0]["status"] >= 900 else None

        assert wait(backed_up) == 1000
        listed = client.webservice("core_course_backup_list_backups", {"courseid": restored})
        assert len(listed) == 1, listed
        address = listed[0]["downloadurl"]
        context = int(address.split("/pluginfile.php/")[1].split("/")[0])
        progress = client.core_backup_get_async_backup_progress(backupids=[backup], contextid=context)
        assert progress == [{"status": 1000, "progress": 1, "backupid": backup, "operation": "backup"}], progress
        links = client.core_backup_get_async_backup_links_backup(
            filename=listed[0]["filename"], contextid=context, backupid=backup
        )
        assert listed[0]["filename"] in links["fileurl"], links

        with client.stream("GET", f"{address}&token={client.wstoken}") as answer, open(target, "wb") as out:
            assert answer.status_code == 200, answer
            for piece in answer.iter_bytes():
                out.write(piece)
        assert Path(target).stat().st_size == listed[0]["filesize"], listed

        gone = client.core_course_delete_courses(courseids=[created[0]["id"], restored, 4711])
        assert [w["warningcode"] for w in gone["warnings"]] == ["unknowncourseidnumber"], gone
        refused(lambda: client.core_course_get_contents(courseid=restored), "invalidrecord")
        refused(lambda: client.webservice("core_no_such_function"), "invalidrecord")
        token = client.wstoken

    async def together():
        async with AsyncMoodleClient(url, token, timeout=60) as several:
            return await asyncio.gather(*(several.core_webservice_get_site_info() for _ in range(10)))

    assert all(answer["userid"] == info["userid"] for answer in asyncio.run(together()))
    done = {"token": token, "created": created[0]["id"], "restored": restored, "filename": listed[0]["filename"]}
    print(json.dumps(done))


main(*sys.argv[1:])
