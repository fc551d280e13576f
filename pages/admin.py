"""People and records: who may do what, what was done, and whether all of it is in order."""

import dataclasses

from studio.ui import access, address_parts, admin_parts, frame, review_parts

visit = access.open_page("admin", needs_project=False)
frame.page(
    dataclasses.replace(visit, project=None), "admin", "People and records", "Who may do what, and what was done?"
)
review_parts.look()
admin_parts.undo_bar(visit)
admin_parts.everybody(visit)
admin_parts.invite(visit)
admin_parts.invitations(visit)
address_parts.show(visit)
admin_parts.record(visit)
admin_parts.log(visit)
