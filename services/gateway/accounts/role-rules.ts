// Who may change whose role or remove whom from a workspace, and the events about it. Pure; knows no storage and no page.

