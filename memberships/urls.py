from django.urls import path

from memberships.views import members, referrals

urlpatterns = [
    path("memberships/plans/", members.PlansView.as_view({"get": "list"})),
    path("memberships/me/", members.OwnMembershipView.as_view()),
    path("memberships/subscribe/", members.SubscribeView.as_view()),
    path("memberships/me/change/", members.ChangeView.as_view()),
    path("memberships/me/cancel/", members.LeaveView.as_view()),
    path("memberships/me/resume/", members.ResumeView.as_view()),
    path("referrals/me/", referrals.OwnReferralsView.as_view()),
    path("referrals/apply/", referrals.ApplyView.as_view()),
    path("rewards/", referrals.RewardsView.as_view({"get": "list"})),
]
