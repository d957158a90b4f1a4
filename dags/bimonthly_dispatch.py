"""双月调度：每两个月出一份通报，和给市级对口部门的摘要，有人同意后发送。

3、5、7、9、11、1月的15日上午9时运行，说前两个月的情况（3月说1、2月，依此类推）。数字取自这两个月**现行的月报版本**，与月报一致；超期未核实数截至当天。

1. **出通报**：各乡镇、各部门的数量、比率、存在的问题、下一步工作和时限，写进 `发件夹/年-月/双月调度/`；每个部门一份摘要，只含本部门。内容没有变化不另出新版。排不排名、按什么排，写在 `include/reference/bulletin.yaml`；版式是 `include/templates/双月调度通报.docx`，用 Word、WPS 就能改。
2. **请人同意发送**（页面右上“需要处理的操作”）。到期没有人决定就不发，本次运行显示失败。
3. **发送**：按 `include/reference/mailings.yaml` 的 `bulletin` 逐个收件人发送并登记，不重发。月报还没有签发的，不能发。

**随时要出**：手动触发，写明哪两个月（不填就是前两个月）。
"""  # noqa: D415 - a Chinese full stop

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, task

from county_run import dispatching
from county_run.params import month_param
from month_runs import DayTimetable

with DAG(
    "bimonthly_dispatch",
    dag_display_name="双月调度",
    description="每两个月出通报和市级部门摘要，有人同意后发送",
    doc_md=__doc__,
    schedule=DayTimetable("0 9 15 1-11/2 *", timezone="Asia/Shanghai"),
    start_date=datetime(2021, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["双月", "防返贫监测"],
    default_args={"owner": "县防返贫监测专班"},
    params={
        "first": month_param("前一个月", "例如 2021-03；不填就是后一个月的上个月。"),
        "last": month_param("后一个月", "例如 2021-04；不填就是上个月。"),
    },
) as dag:
    made = task(task_id="make", task_display_name="出通报")(dispatching.make)()
    agreed = HITLOperator(
        task_id="agree",
        task_display_name="是否发送",
        subject="双月调度通报，请审阅后决定是否发送",
        body="请先打开通报核对，再作决定。\n\n{{ ti.xcom_pull(task_ids='make') }}\n\n"
        "**同意发送**：发给 mailings.yaml 里的各收件人。到期没有人决定就不发送。",
        options=[dispatching.SEND, dispatching.KEEP],
        defaults=dispatching.KEEP,
        response_timeout=timedelta(days=5),
    )
    sent = task(task_id="send", task_display_name="发送")(dispatching.send)(agreed.output)
    made >> agreed >> sent
