"""The brief: what good looks like, on one page."""

from studio.ui import access, brief_parts, frame, prose

visit = access.open_page("brief")
prose.look()
frame.page(visit, "brief", "Brief", "What does good look like, and how can anybody tell?")
brief_parts.show(visit)
