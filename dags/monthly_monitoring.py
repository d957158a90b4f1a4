"""月度防返贫监测：收齐部门数据，比对、预警、派核实任务、出月报。

每次运行对应**一个月**：运行列表中的“分区键”就是月份（如 `2021-04`）。定时运行在次月1日上午8时开始。

1. **收数**：每个部门一行。先等报送（截止次月5日24时；补算的月份不等），再收取文件、校验、登记结果、写回执。整份暂停的报送，请人决定是否接收（右上“需要处理的操作”），本月不等这个决定。一个部门出错只红它自己的一行，不影响其他部门，也不影响本月。
2. **比对、预警**：按登记为有效的报送计算。缺数据源的规则记为“未运行”并写明缺什么，不会当作没有问题。当月的名册与本县审定的案件核对，不一致的列入 `发件夹/年-月/名册核对/`，两边都不改。
3. **核实任务**：每户一件，按乡镇生成核实任务表。比对发现的问题分给部门、乡镇和县专班整改，各有清单；下次报送不再出现的，自动记为已整改。
4. **月报**：次月8日（逢放假提前）起生成工作簿和内部清单，然后等待**签发**（页面右上“需要处理的操作”，或 `poverty-watch sign`），到10日24时为止。退回或到期无人处理，月报就是**未签发**：给县专班发邮件，本次运行显示失败。签发后按 `include/reference/mailings.yaml` 逐个收件人**送达**，各有结果，不重发；有人没收到，这一步显示失败。

**补算**：用“回填”选择月份区间即可，从早到晚逐月进行。补算照常计算并生成标有“补算”的月报，但不等日子、不派任务、不发任何东西；谁要求的、为什么、与原来有没有不同，记入补算登记。

**重跑**：报送没有变化时重跑同一个月，结果一字不变，不会重复派任务。
"""  # noqa: D415 - a Chinese full stop

from __future__ import annotations

from datetime import timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, TaskGroup, XComArg, task

from county_run import steps
from county_run.params import month_param
from county_run.signing import SignOff
from month_runs import MonthTimetable
from poverty_watch.contracts import Department, load_catalogue

# Stands first in what a person is asked; rendered by Airflow.
_MONTH = "{{ dag_run.partition_key or dag_run.conf.get('month', '') }}"


def collect(department: Department, begun: XComArg, told: XComArg) -> XComArg:
    """One department's row: wait, fetch, validate, settle, answer; settling always happens.

    Beside it a person is asked about what stopped; the month does not wait for that.
    """
    with TaskGroup(
        department.id, group_display_name=department.title, tooltip=f"{department.title}报送"
    ):
        arrived = task.sensor(
            task_id="await_delivery",
            task_display_name="等待报送",
            mode="reschedule",
            poke_interval=steps.LOOK_EVERY,
            timeout=timedelta(days=45).total_seconds(),
            # Weeks of looking outlast a worker or two: one look that is lost is no lost department.
            retries=3,
            retry_delay=timedelta(minutes=1),
        )(steps.is_delivered_or_due)(department.id)
        # Without a skipped wait: what does not wait begins with this.
        fetched = task(
            task_id="fetch",
            task_display_name="收取文件",
            trigger_rule="none_failed_min_one_success",
        )(steps.fetch)(department.id)
        judged = task(task_id="validate", task_display_name="校验")(steps.validate)(department.id)
        settled = task(task_id="settle", task_display_name="登记结果", trigger_rule="all_done")(
            steps.settle
        )(department.id, [fetched, judged])
        answered = task(task_id="answer", task_display_name="回执")(steps.answer)(department.id)
        # Asked whether or not the receipt could be written, unless the run tells nobody anything.
        asked = task.short_circuit(
            task_id="stopped", task_display_name="有无整份暂停", trigger_rule="none_skipped"
        )(steps.stopped)(department.id)
        decided = HITLOperator(
            task_id="decide",
            task_display_name="决定是否接收",
            subject=f"{_MONTH} {department.title}有整份暂停的报送，是否接收？",
            body=f"{{{{ ti.xcom_pull(task_ids='{department.id}.stopped')['told'] }}}}\n\n"
            "要接收的，勾选并写明理由（不要写身份证号）；没有理由的不接收。"
            "到期没有人决定，就是没有接收，本月照常往下走。",
            options=[
                *(steps.take(c.title) for c in department.contracts.values()),
                steps.TAKE_NOTHING,
            ],
            defaults=steps.TAKE_NOTHING,
            multiple=True,
            params={
                "reason": Param("", type="string", title="理由", description="向部门核实的情况")
            },
            response_timeout=timedelta(days=3),
        )
        taken = task(task_id="accept", task_display_name="登记决定")(steps.accept)(
            department.id, asked, decided.output
        )
        begun >> [arrived, fetched]
        arrived >> fetched >> judged >> settled >> answered >> asked >> decided >> taken
        told >> answered
    return settled


with DAG(
    "monthly_monitoring",
    dag_display_name="月度防返贫监测",
    description="收齐部门数据，比对、预警、派核实任务、出月报",
    doc_md=__doc__,
    schedule=MonthTimetable(
        "0 8 1 * *", timezone="Asia/Shanghai", run_offset=-1, key_format="%Y-%m"
    ),
    catchup=False,
    max_active_runs=1,
    tags=["月度", "防返贫监测"],
    default_args={"owner": "县防返贫监测专班"},
    params={
        "month": month_param("监测月份", "没有填分区键时在这里写月份，例如 2021-04。"),
        "draft": Param(
            False,
            type="boolean",
            title="只出草稿",
            description="不等部门报送，不请人签发，月报标为“草稿，未签发”。",
        ),
        "open_tasks": Param(
            None,
            type=["null", "boolean"],
            title="派核实任务",
            description="不填：平时派，补算不派。",
        ),
        "ask_for_signature": Param(
            None,
            type=["null", "boolean"],
            title="请人签发",
            description="不填：平时请，补算和草稿不请。",
        ),
        "send_report": Param(
            None,
            type=["null", "boolean"],
            title="发送月报",
            description="签发后用邮件发给收件人。不填：平时发，补算不发。",
        ),
        "known": Param(
            "now",
            type="string",
            enum=["now", "then"],
            values_display={"now": "按现在所知", "then": "按当时所知"},
            title="补算：按何时所知的报送",
            description="现在：后来补报、更正的都算。当时：只用现行月报所用的那些报送，不收新的。",
        ),
        "reason": Param(
            "", type="string", title="补算：理由", description="记入补算登记；不写就记“未写明”。"
        ),
        "by": Param("", type="string", title="补算：经手人", description="不写就记登录的账号。"),
    },
) as dag:
    begun = task.branch(task_id="begin", task_display_name="是否等待报送")(steps.begin)()
    # Asked once for all: each receipt would cost the start of a task only to find that it is not wanted.
    told = task.short_circuit(
        task_id="tells_departments",
        task_display_name="是否写回执",
        ignore_downstream_trigger_rules=False,
    )(steps.tells_departments)()
    begun >> told
    settled = [
        collect(department, begun, told) for department in load_catalogue().departments.values()
    ]
    staged = task(task_id="stage", task_display_name="整理人户", trigger_rule="all_done")(
        steps.stage
    )()
    compared = task(task_id="compare", task_display_name="比对")(steps.compare)()
    warned = task(task_id="warn", task_display_name="预警")(steps.warn)()
    task(task_id="compare_register", task_display_name="与登记册核对")(
        steps.compare_register
    )().set_upstream(warned)
    findings = task(task_id="settle_findings", task_display_name="比对问题")(
        steps.settle_findings
    )()
    lists = task(task_id="write_finding_lists", task_display_name="比对问题清单")(
        steps.write_finding_lists
    )()
    leads = task(task_id="raise_leads", task_display_name="线索")(steps.raise_leads)()
    tasks = task(task_id="open_tasks", task_display_name="核实任务")(steps.open_tasks)()
    sheets = task(task_id="write_task_sheets", task_display_name="核实任务表")(
        steps.write_task_sheets
    )()
    report_day = task.sensor(
        task_id="await_report_day",
        task_display_name="等到出草稿的日子",
        mode="reschedule",
        poke_interval=steps.LOOK_EVERY,
        timeout=timedelta(days=45).total_seconds(),
        retries=3,
        retry_delay=timedelta(minutes=1),
        trigger_rule="none_failed",
    )(steps.is_report_day)()
    report = task(task_id="build_report", task_display_name="月报")(steps.build_report)()
    exports = task(task_id="write_exports", task_display_name="内部清单")(steps.write_exports)()
    asked = task.short_circuit(task_id="ask_for_signature", task_display_name="是否请人签发")(
        steps.asks_for_signature
    )()
    approved = SignOff(
        task_id="approve",
        task_display_name="签发月报",
        subject=f"{_MONTH} 防返贫监测月报，请审签",
        body="请先打开月报工作簿核对，再作决定。\n\n"
        "{{ ti.xcom_pull(task_ids='build_report') }}\n\n"
        "{{ ti.xcom_pull(task_ids='open_tasks') or '' }}\n\n"
        "**同意签发**：出签发版，并发给各收件人。**退回**：仍为草稿，改正后重新运行本月。\n\n"
        "经办本月数据的人不能自己签发。到期没有人决定就是未签发，不会当作同意。",
    )
    signed = task(task_id="sign_report", task_display_name="签发登记", trigger_rule="all_done")(
        steps.sign_report
    )(approved.output)
    sent = task(task_id="deliver", task_display_name="送达")(steps.deliver)()
    settled >> staged >> compared >> warned >> leads >> tasks >> sheets
    warned >> findings >> [sheets, lists]
    (
        [leads, findings, sheets]
        >> report_day
        >> report
        >> exports
        >> asked
        >> approved
        >> signed
        >> sent
    )
