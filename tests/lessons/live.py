"""A live notebook without a browser: a kernel, and what a front end would show of its cells."""

from contextlib import contextmanager

from jupyter_client.manager import KernelManager

SECONDS = 60


class Notebook:
    """Runs cells as Jupyter does, keeps what each displays, and clicks on widgets.

    Attributes
    ----------
    cells : list of list of dict
        For each cell its outputs, as a front end shows them: an output that is displayed again
        under the same name changes in its place, whichever cell that is.
    """

    def __init__(self, client, somebody_is_there):
        self.client, self.somebody_is_there = client, somebody_is_there
        self.cells, self.errors = [], []
        self.widgets = {}  # id -> its state

    def run(self, source):
        """Run a cell, and return its number."""
        self.cells.append([])
        message = self.client.execute(source, allow_stdin=self.somebody_is_there)
        self._listen(message, self.cells[-1])
        return len(self.cells) - 1

    def click(self, description):
        """Click on the latest button with that label."""
        button = [
            name
            for name, state in self.widgets.items()
            if state.get("_model_name") == "ButtonModel" and state.get("description") == description
        ][-1]
        self._send(button, {"method": "custom", "content": {"event": "click"}})

    def type(self, number):
        """Type into the latest field for a number."""
        field = [
            name for name, state in self.widgets.items() if state.get("_model_name") == "TextModel"
        ][-1]
        text = {"value": str(number)}
        self._send(field, {"method": "update", "state": text, "buffer_paths": []})

    def move_slider(self, index):
        """Move the latest slider to one of its places, counted from 0."""
        name = [
            name
            for name, state in self.widgets.items()
            if state.get("_model_name") == "SelectionSliderModel"
        ][-1]
        self._send(name, {"method": "update", "state": {"index": index}, "buffer_paths": []})

    def widget_html(self):
        """What each widget of HTML shows now."""
        return [
            state["value"]
            for state in self.widgets.values()
            if state.get("_model_name") == "HTMLModel"
        ]

    def shown(self, cell, kind="text/html"):
        """What a cell shows, as one text."""
        return "\n".join(
            output["text"] if "text" in output else str(output["data"].get(kind, ""))
            for output in self.cells[cell]
        )

    def has_widgets(self, cell):
        return any(
            "application/vnd.jupyter.widget-view+json" in output.get("data", {})
            for output in self.cells[cell]
        )

    def _send(self, widget, data):
        content = {"comm_id": widget, "data": data}
        message = self.client.session.msg("comm_msg", content)
        self.client.shell_channel.send(message)
        self._listen(message["header"]["msg_id"], [])

    def _listen(self, request, outputs):
        while True:
            message = self.client.get_iopub_msg(timeout=SECONDS)
            kind, content = message["msg_type"], message["content"]
            mine = message["parent_header"].get("msg_id") == request
            if kind == "comm_open":
                self.widgets[content["comm_id"]] = content["data"].get("state", {})
            elif kind == "comm_msg" and content["data"].get("method") == "update":
                self.widgets[content["comm_id"]].update(content["data"]["state"])
            elif kind == "stream" and mine:
                outputs.append(content)
            elif kind in ("display_data", "execute_result"):
                outputs.append(content)
            elif kind == "update_display_data":
                self._update(content)
            elif kind == "error":
                self.errors.append(f"{content['ename']}: {content['evalue']}")
            elif kind == "status" and content["execution_state"] == "idle" and mine:
                return

    def _update(self, content):
        name = content["transient"]["display_id"]
        for outputs in self.cells:
            for output in outputs:
                if output.get("transient", {}).get("display_id") == name:
                    output.update(data=content["data"], metadata=content["metadata"])


@contextmanager
def notebook(somebody_is_there=True):
    """A live notebook; without a reader it is run as nbconvert runs one."""
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=SECONDS)
        yield Notebook(client, somebody_is_there)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
