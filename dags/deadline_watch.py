"""期限看守：每月3、5、8、9、10日给县专班发一封邮件，说明上月月报办到哪一步、10日前能否办成。

日子写在 `include/reference/deadlines.yaml` 的 `report`，逢休息日、放假提前（放假前收不齐数的，改到放假后第一个工作日）。每天上午8时30分运行一次，不是看守日就只补发没有发出的邮件。

1. **发看守邮件**：谁还没报、卡在哪一步、能否按期、现在就出月报会缺什么。**无论好坏都发**；到了日子没有收到，就是系统没有运行。发不出去时每10分钟再试，仍不成这一步显示失败。
2. **补发邮件**：签发过的月报、通报里还没有发出的（当时服务器不通，或后来才补写地址），再发一次。已发出的、结果不明的都不会重发。

**随时要看**：手动触发，可以填月份；不填就是上个月。收件人写在 `include/reference/recipients.yaml` 的 `county`；邮件服务器用连接 `poverty_watch_smtp`。
"""  # noqa: D415 - a Chinese full stop

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.sdk import DAG, task

from county_run import watching
from county_run.params import month_param
from month_runs import DayTimetable

with DAG(
    "deadline_watch",
    dag_display_name="期限看守",
    description="每月3、5、8、9、10日发邮件：办到哪一步、谁没报、能否按期",
    doc_md=__doc__,
    schedule=DayTimetable("30 8 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2021, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["每日", "防返贫监测"],
    default_args={"owner": "县防返贫监测专班"},
    params={"month": month_param("监测月份", "只在手动触发时填，例如 2021-04；不填就是上个月。")},
) as dag:
    watch_day = task.short_circuit(task_id="is_watch_day", task_display_name="今天是否看守日")(
        watching.is_watch_day
    )()
    told = task(
        task_id="tell",
        task_display_name="发看守邮件",
        retries=5,
        retry_delay=timedelta(minutes=10),
    )(watching.tell)()
    task(task_id="send_again", task_display_name="补发邮件")(watching.send_again)()
    watch_day >> told
