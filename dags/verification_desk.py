"""核实办理台：每个工作日收回表、写答复、提醒催办、逐级上报、更新任务表和帮扶清单。

每天上午9时和下午4时各运行一次；放假日不办（按国务院放假安排，调休上班的周末照办）。

1. **收取回表**：收取 `收件夹/年-月/核实回表/乡镇名/` 里的工作簿，以及 `收件夹/核实回表邮箱/`（邮件客户端存入的邮件文件夹）里的附件。填好的行逐户登记，转入办理程序；其余各行连同原因写进 `发件夹/年-月/核实回表答复/`。同一份表再放一次不会重复登记。
2. **催办**：快到期的提醒村，超期的依次催办乡镇、报县专班、列入联席会议督办清单，天数见 `include/reference/deadlines.yaml`。每件任务每一级只报一次。
3. **发邮件**：按 `include/reference/recipients.yaml` 的地址逐封发送并登记结果，不会重发。邮件服务器用连接 `poverty_watch_smtp`；没有这个连接就只登记、不发。
4. **更新任务表**：把最近一个月的核实任务表按现在的情况写一遍，没有变化的不动。
5. **更新帮扶清单**：每个部门待落实的帮扶任务和期限，在 `发件夹/年-月/帮扶任务/`，超期的写明几天。

**有表读不出来**时，“收取回表”显示失败，写明是哪个文件、怎么办；其他的表照收，催办照常。
"""  # noqa: D415 - a Chinese full stop

from __future__ import annotations

from datetime import datetime

from airflow.sdk import DAG, task

from county_run import desk
from month_runs import DayTimetable

with DAG(
    "verification_desk",
    dag_display_name="核实办理台",
    description="每个工作日收回表、写答复、催办、逐级上报",
    doc_md=__doc__,
    schedule=DayTimetable("0 9,16 * * *", timezone="Asia/Shanghai"),
    start_date=datetime(2021, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["每日", "防返贫监测"],
    default_args={"owner": "县防返贫监测专班"},
) as dag:
    workday = task.short_circuit(task_id="is_workday", task_display_name="今天是否上班")(
        desk.is_workday
    )()
    returns = task(task_id="take_returns", task_display_name="收取回表")(desk.take_returns)()
    # A workbook that cannot be read must not keep anybody from being reminded.
    reminded = task(task_id="remind", task_display_name="催办上报", trigger_rule="all_done")(
        desk.remind
    )()
    mailed = task(task_id="send_mails", task_display_name="发邮件")(desk.send_mails)()
    sheets = task(
        task_id="refresh_sheets", task_display_name="更新任务表", trigger_rule="all_done"
    )(desk.refresh_sheets)()
    owed = task(
        task_id="write_help_lists", task_display_name="更新帮扶清单", trigger_rule="all_done"
    )(desk.write_help_lists)()
    workday >> returns >> [reminded, sheets, owed]
    reminded >> mailed
